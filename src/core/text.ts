// With the u flag, \p{Cs} matches lone surrogates only: a pair is one code point.
const unstorable = /[\0\p{Cs}]/u

/** Whether Postgres can store `text` as it is: neither U+0000 nor a lone surrogate is in it. */
export function isStorableText(text: string): boolean {
  return !unstorable.test(text)
}
