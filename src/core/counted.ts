/** `letter` for one, `letters` for any other number. `several` is for words that take no s. */
export const nounFor = (count: number | bigint, one: string, several = `${one}s`): string =>
  Number(count) === 1 ? one : several

/** `1 letter`, `2 letters`. */
export const counted = (count: number | bigint, one: string, several?: string): string =>
  `${count} ${nounFor(count, one, several)}`
