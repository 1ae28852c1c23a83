const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** The text of a payload, once it is known to be a JSON object that is safe to parse again. Throws what is wrong with it. */
export function readJsonPayload(value: Uint8Array | null, maximumBytes: number): string {
  requireSize(value, maximumBytes)
  if (value === null) throw new Error('it has no value')
  const text = utf8.decode(value)
  requireSafeObject(text)
  return text
}

/** Throws for a value that is too large to be looked at. */
export function requireSize(value: Uint8Array | null, maximumBytes: number): void {
  if (value !== null && value.length > maximumBytes)
    throw new Error(`its value has ${value.length} bytes, more than ${maximumBytes}`)
}

/** Throws for a text that is no JSON object, or one that must not be parsed. */
export function requireSafeObject(text: string): void {
  const payload: unknown = JSON.parse(text)
  if (typeof payload !== 'object' || payload === null || Array.isArray(payload)) {
    throw new Error('its value is not a JSON object')
  }
  if (mayNamePrototype(text)) JSON.parse(text, refusePrototype)
}

/** Cheap and never wrong about a no: the name can only be there in plain text or with an escape in it. */
const mayNamePrototype = (text: string): boolean => text.includes('__proto__') || text.includes('\\u')

function refusePrototype(key: string, value: unknown): unknown {
  if (key === '__proto__') throw new Error('its value has a key __proto__')
  return value
}
