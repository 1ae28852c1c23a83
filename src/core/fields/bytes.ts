import type { Field } from './field.js'
import { kindOf } from './kind-of.js'
import { scalarField } from './scalar-field.js'

/**
 * Bytes of any number, a Uint8Array; in JSON base64, as a column bytea. They are copied when given and when read, so
 * that no two holders share them. What is in them can still be changed, since no typed array can be frozen.
 *
 * @example
 * DomainEvent('DocumentSigned', { signature: bytes() })
 */
export function bytes(initial?: Uint8Array): Field<Uint8Array> {
  return scalarField<Uint8Array>({
    kind: 'bytes',
    initial,
    problemOf: (value) =>
      value instanceof Uint8Array ? undefined : `must be a Uint8Array, not ${kindOf(value)}`,
    // A Buffer would share memory with others in its slice(), and be unequal to plain bytes.
    copy: (value) => new Uint8Array(value),
    toJson: (value) => Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64'),
    fromJson: bytesOf,
  })
}

function bytesOf(json: unknown): unknown {
  if (typeof json !== 'string') return json
  const read = Buffer.from(json, 'base64')
  // Buffer skips what is not base64: only what it would write itself stands for bytes.
  return read.toString('base64') === json ? new Uint8Array(read) : json
}
