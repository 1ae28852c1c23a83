import type { PayloadLevel } from '../app/payload-settings.js'
import { printableBytes } from './printable.js'

/** Bytes that `limited` shows. */
const BEGINNING = 64

const MASK = '***'

/** What a letter carries as lines for a person, as far as the level lets it be seen. */
export function payloadLines(value: Uint8Array, level: PayloadLevel): readonly string[] {
  const hidden = `not shown: REPRISE_DLQ_PAYLOADS is ${level}`
  switch (level) {
    case 'none':
      return [hidden]
    case 'masked': {
      const json = maskedJson(value)
      return json === undefined ? [`${hidden}, and it is no JSON`] : printableBytes(Buffer.from(json))
    }
    case 'limited':
      return printableBytes(value, BEGINNING)
    case 'full':
      return printableBytes(value)
    default:
      return level satisfies never
  }
}

/** The same for a program: `value` is all of it or null, and beside it stands what is shown in its place. */
export function payloadDocument(value: Uint8Array | null, level: PayloadLevel): object {
  if (value === null) return { value: null, valueBytes: null }
  const valueBytes = value.length
  switch (level) {
    case 'none':
      return { value: null, valueBytes }
    case 'masked':
      return { value: null, valueBytes, masked: JSON.parse(maskedJson(value) ?? 'null') as unknown }
    case 'limited':
      return { value: null, valueBytes, beginning: base64(value.subarray(0, BEGINNING)) }
    case 'full':
      return { value: base64(value), valueBytes }
    default:
      return level satisfies never
  }
}

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64')

/** JSON of the same shape with nothing in it; undefined for what is no JSON. */
function maskedJson(value: Uint8Array): string | undefined {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(value)
    return JSON.stringify(masked(JSON.parse(text)))
  } catch {
    // Also what is nested too deep to be walked through.
    return undefined
  }
}

function masked(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(masked)
  if (typeof value !== 'object' || value === null) return MASK
  return Object.fromEntries(Object.entries(value).map(([name, it]) => [name, masked(it)]))
}
