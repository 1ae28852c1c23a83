import type { ProjectionFact } from '../../facts.js'
import type { Facts } from '../facts.js'

export type Writable<T> =
  T extends ReadonlyMap<infer K, infer V>
    ? Map<K, V>
    : T extends readonly (infer Item)[]
      ? Writable<Item>[]
      : T extends object
        ? { -readonly [K in keyof T]: Writable<T[K]> }
        : T

/** A copy of the facts in which something can be made wrong. */
export const writable = (facts: Facts): Writable<Facts> => structuredClone(facts) as Writable<Facts>

export function projectionIn(facts: Writable<Facts>, name: string): Writable<ProjectionFact> {
  const found = facts.reading.projections.find((projection) => projection.name === name)
  if (found === undefined) throw new Error(`the run has no projection ${name}`)
  return found
}

/** The first for which the condition holds. There must be one, or a test would break nothing. */
export function theFirst<T>(items: readonly T[], condition: (item: T) => boolean = () => true): T {
  const found = items.find(condition)
  if (found === undefined) throw new Error('there is nothing of the kind to break')
  return found
}
