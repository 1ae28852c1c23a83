import type { Field, FieldKind, Fields } from '../core/fields/index.js'

/** The type of a value. */
export interface TypeDescription {
  readonly kind: FieldKind
  /** The allowed values of an enumeration. */
  readonly values?: readonly string[]
  /** How many digits a decimal may have. */
  readonly precision?: number
  /** How many of them are after the point. */
  readonly scale?: number
  /** What an array or a map holds. */
  readonly element?: TypeDescription
  /** What a record holds. */
  readonly fields?: readonly FieldDescription[]
}

export interface FieldDescription extends TypeDescription {
  readonly name: string
  readonly optional: boolean
}

export function describeFields(fields: Fields): readonly FieldDescription[] {
  return Object.entries(fields).map(([name, field]) => describeField(name, field))
}

export function describeField(name: string, field: Field<unknown, boolean>): FieldDescription {
  const { kind, ...details } = describeType(field)
  return { name, kind, optional: field.optional, ...details }
}

function describeType(field: Field<unknown, boolean>): TypeDescription {
  const { kind, values, precision, scale, element, fields } = field
  return {
    kind,
    ...(values === undefined ? {} : { values }),
    ...(precision === undefined ? {} : { precision }),
    ...(scale === undefined ? {} : { scale }),
    ...(element === undefined ? {} : { element: describeType(element) }),
    ...(fields === undefined ? {} : { fields: describeFields(fields) }),
  }
}

/** The type as a definition writes it: `decimal(10, 2)`, `array(record(sku string, price decimal(10, 2)))`. */
export function typeText({ kind, values, precision, scale, element, fields }: TypeDescription): string {
  if (values !== undefined) return `${kind}(${values.join('|')})`
  if (precision !== undefined) return `${kind}(${precision}, ${scale ?? 0})`
  if (element !== undefined) return `${kind}(${typeText(element)})`
  return fields === undefined ? kind : `${kind}(${fieldsText(fields)})`
}

/** `owner string, balance long, note string?` */
export function fieldsText(fields: readonly FieldDescription[]): string {
  return fields.map((it) => `${it.name} ${typeText(it)}${it.optional ? '?' : ''}`).join(', ')
}
