import { createHash } from 'node:crypto'
import { classTexts, handlerTexts, sourceText } from '../core/definition-text.js'
import type { Field } from '../core/fields/field.js'
import type { ProjectionModel } from './projection-model.js'
import { SqlProjection } from './sql-projection.js'
import { tableDefinition } from './table-projection.js'

const known = new WeakMap<ProjectionModel, string>()

/**
 * Tells builds of a projection apart: equal where all is equal that its class says, the text of its methods among it.
 *
 * The text is that which runs. Functions outside of the class that its methods call are not seen, and what another
 * compiler makes of the same source is another definition.
 */
export function definitionFingerprint(model: ProjectionModel): string {
  const fingerprint = known.get(model) ?? hashOf(definitionOf(model))
  known.set(model, fingerprint)
  return fingerprint
}

/** By what events find their rows, and how they meet there: equal for definitions whose rows can be one table's. */
export function keyingOf({ keyOf, across }: Pick<ProjectionModel, 'keyOf' | 'across'>): string {
  const by = keyOf === undefined ? 'stream' : `key function ${hashOf(String(keyOf)).slice(0, 16)}`
  return across === undefined ? `by ${by}` : `by ${by}, ${across}`
}

/** Whether two keyings differ in nothing but the text of the key function, which another compiler may write in another way. */
export function differInKeyText(one: string, other: string): boolean {
  const withoutText = (keying: string): string => keying.replace(/key function [0-9a-f]+/, 'key function')
  return one !== other && withoutText(one) === withoutText(other)
}

/** What of a fingerprint is shown to people. */
export const shortFingerprint = (fingerprint: string): string => fingerprint.slice(0, 16)

function definitionOf(model: ProjectionModel): unknown {
  const { kind, version, sources, across, inline, keyOf, handlers } = model
  return {
    kind,
    version,
    from: sources.map(sourceText).sort(),
    across: across ?? null,
    inline,
    key: keyOf === undefined ? null : String(keyOf),
    classes: classTexts(model.projectionClass, isFrameworks),
    handlers: handlerTexts(handlers),
    ...(model.kind === 'table'
      ? { table: model.table, rowKey: model.key, columns: columnsOf(model), indexes: model.indexes }
      : { tables: String(Reflect.get(model.projectionClass, 'tables')) }),
  }
}

function isFrameworks(found: object): boolean {
  if (found === SqlProjection) return true
  const prototype: unknown = Reflect.get(found, 'prototype')
  return typeof prototype === 'object' && prototype !== null && Object.hasOwn(prototype, tableDefinition)
}

function columnsOf({ columns }: Extract<ProjectionModel, { kind: 'table' }>): readonly unknown[] {
  return columns.map(({ name, field }) => [name, fieldOf(field)])
}

function fieldOf(field: Field<unknown, boolean>): unknown {
  const { kind, optional, initial, values, precision, scale, element, fields } = field
  return {
    kind,
    optional,
    initial: initial === undefined ? null : field.toJson(initial),
    values,
    precision,
    scale,
    element: element && fieldOf(element),
    fields: fields && Object.entries(fields).map(([name, inner]) => [name, fieldOf(inner)]),
  }
}

function hashOf(definition: unknown): string {
  return createHash('sha256').update(JSON.stringify(definition)).digest('hex')
}
