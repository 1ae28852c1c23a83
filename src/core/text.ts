// With the u flag, \p{Cs} matches lone surrogates only: a pair is one code point.
const unstorable = /[\0\p{Cs}]/u
const allUnstorable = /[\0\p{Cs}]/gu

/** Whether Postgres can store `text` as it is: neither U+0000 nor a lone surrogate is in it. */
export function isStorableText(text: string): boolean {
  return !unstorable.test(text)
}

/** The text with what Postgres cannot store written out, as JSON would: for showing, since it cannot be told from a text that says so. */
export function asStorableText(text: string): string {
  return isStorableText(text) ? text : text.replace(allUnstorable, writtenOut)
}

function writtenOut(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
}

const maximumKeyBytes = 512

/** Why `key` cannot identify something, such as a stream, a row or a reserved value, or undefined if it can. */
export function keyProblem(key: string): string | undefined {
  if (key === '') return 'must not be empty'
  if (!isStorableText(key)) return 'must hold neither U+0000 nor a lone surrogate'
  if (isTooLong(key)) return `must not be longer than ${maximumKeyBytes} bytes`
  return undefined
}

function isTooLong(key: string): boolean {
  // No UTF-16 unit takes more than three bytes, so an ordinary key is known as short without encoding it.
  return key.length * 3 > maximumKeyBytes && new TextEncoder().encode(key).length > maximumKeyBytes
}
