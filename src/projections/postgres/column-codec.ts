import type { Field, FieldKind } from '../../core/fields/field.js'
import type { ColumnModel } from '../projection-model.js'

/**
 * How the values of a column travel between a handler and Postgres. Both ways they are text, so that nothing depends on
 * the type parsers of the client or on settings of the session.
 */
export interface ColumnCodec {
  /** The type of the column. It holds every value of the field without loss. */
  readonly type: string
  /** An expression of type text, null for null, that `read` understands. */
  select(quotedColumn: string): string
  /** The value that such a text stands for, undefined for null; the text itself where it stands for none. */
  read(text: string | null): unknown
  /** The text of a parameter that is cast to `type`; null for what is absent. `value` must have passed its check. */
  write(value: unknown): string | null
}

type AnyField = Field<unknown, boolean>
type Expression = (column: string) => string

const asItIs: Expression = (column) => column
const castToText: Expression = (column) => `${column}::text`
/** In UTC and in the form of JSON, whatever the session's TimeZone and DateStyle say. */
const instantText: Expression = (column) =>
  `to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`
const dayText: Expression = (column) => `to_char(${column}, 'YYYY-MM-DD')`
/** Postgres breaks base64 into lines. */
const base64Text: Expression = (column) => `replace(encode(${column}, 'base64'), chr(10), '')`
/** All 64 bits: the digits of a cast are as many as the session's extra_float_digits allows. */
const float8Bits: Expression = (column) => `encode(float8send(${column}), 'hex')`

const CODECS = {
  string: (field) => stringCodec(field, 'text', asItIs),
  int: (field) => textCodec('integer', castToText, { read: Number, write: jsonText(field) }),
  long: (field) => stringCodec(field, 'bigint', castToText),
  double: (field) => textCodec('double precision', float8Bits, { read: doubleOf, write: jsonText(field) }),
  decimal: (field) => stringCodec(field, `numeric(${field.precision}, ${field.scale})`, castToText),
  boolean: (field) =>
    textCodec('boolean', castToText, { read: (text) => text === 'true', write: jsonText(field) }),
  uuid: (field) => stringCodec(field, 'uuid', castToText),
  timestamp: (field) => stringCodec(field, 'timestamptz(3)', instantText),
  // A timestamptz would hold them too, but reaches whoever reads the column as a Date, which ends at milliseconds.
  timestampMicros: (field) => stringCodec(field, 'bigint', castToText),
  date: (field) => stringCodec(field, 'date', dayText),
  enumeration: (field) => stringCodec(field, 'text', asItIs),
  bytes: (field) => textCodec('bytea', base64Text, { read: (text) => field.fromJson(text), write: hexOf }),
  map: jsonCodec,
  record: jsonCodec,
  array: jsonCodec,
} as const satisfies Record<FieldKind, (field: AnyField) => ColumnCodec>

/** How the values of a column are kept, read and written. Depends on its field alone. */
export function codecOf({ field }: Pick<ColumnModel, 'field'>): ColumnCodec {
  return CODECS[field.kind](field)
}

function textCodec(
  type: string,
  select: Expression,
  { read, write }: { readonly read: (text: string) => unknown; readonly write: (value: unknown) => string },
): ColumnCodec {
  return {
    type,
    select,
    read: (text) => (text === null ? undefined : read(text)),
    write: (value) => (value === undefined || value === null ? null : write(value)),
  }
}

/** For fields whose JSON is a string: the text is that string. */
function stringCodec(field: AnyField, type: string, select: Expression): ColumnCodec {
  return textCodec(type, select, {
    read: (text) => field.fromJson(text),
    write: (value) => field.toJson(value) as string,
  })
}

function jsonCodec(field: AnyField): ColumnCodec {
  return textCodec('jsonb', castToText, {
    read: (text) => field.fromJson(JSON.parse(text)),
    write: jsonText(field),
  })
}

function jsonText(field: AnyField): (value: unknown) => string {
  return (value) => JSON.stringify(field.toJson(value))
}

/** The form of bytea that Postgres reads under every setting. */
function hexOf(bytes: unknown): string {
  return `\\x${Buffer.from(bytes as Uint8Array).toString('hex')}`
}

function doubleOf(hex: string): number {
  return Buffer.from(hex, 'hex').readDoubleBE()
}
