/** The names of the options of a type, each of them once: the compiler holds them against it. */
export type OptionNames<T> = Readonly<Record<keyof T, true>>

/** The names in options that are none. JavaScript may misspell one, and would be left with its default without a word. */
export function unknownOptions<T>(options: object, known: OptionNames<T>): readonly string[] {
  return Object.keys(options).filter((name) => !Object.hasOwn(known, name))
}
