import { createHash } from 'node:crypto'
import type { Field, Fields } from '../core/fields/index.js'

const shapes = new WeakMap<Fields, string>()

/**
 * Short, and equal for fields of the same names and kinds only. A snapshot that was taken of other fields would give an
 * aggregate the initial values of those that were added, and not what its events made of them.
 */
export function shapeOf(fields: Fields): string {
  const known = shapes.get(fields)
  if (known !== undefined) return known
  const shape = createHash('sha256')
    .update(JSON.stringify(namesAndKinds(fields)))
    .digest('base64url')
    .slice(0, 16)
  shapes.set(fields, shape)
  return shape
}

function namesAndKinds(fields: Fields): readonly unknown[] {
  return Object.entries(fields)
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([name, field]) => [name, kindsOf(field)])
}

function kindsOf({
  kind,
  optional,
  values,
  precision,
  scale,
  element,
  fields,
}: Field<unknown, boolean>): unknown {
  return {
    kind,
    optional,
    values,
    precision,
    scale,
    ...(element === undefined ? {} : { element: kindsOf(element) }),
    ...(fields === undefined ? {} : { fields: namesAndKinds(fields) }),
  }
}
