import type { ReservationChange } from '../../core/envelope.js'
import { ReservationRefused } from '../../core/errors/index.js'
import { assertionError } from './assertion.js'

/** A value in the scope that it is reserved in. */
export type ReservedValue = readonly [scope: string, value: string]

/** Who holds which values before a command. Where it is not said what the aggregate itself holds, it may release anything. */
export interface HeldValues {
  readonly reserved: readonly ReservedValue[] | undefined
  readonly takenByOthers: readonly ReservedValue[]
}

/** @throws an AssertionError when a value is held by the aggregate and by others */
export function requireOneHolder({ reserved = [], takenByOthers }: HeldValues): void {
  const others = new Set(takenByOthers.map(nameOf))
  const both = reserved.find((it) => others.has(nameOf(it)))
  if (both !== undefined)
    throw assertionError(
      `the value ${nameOf(both)} is in reserved and in takenByOthers: one stream holds it at a time`,
    )
}

/** The refusal that a store would answer to the first of the changes that cannot be made. */
export function refusalOf(
  changes: readonly ReservationChange[],
  { reserved, takenByOthers }: HeldValues,
): ReservationRefused | undefined {
  const own = new Set(reserved?.map(nameOf))
  const others = new Set(takenByOthers.map(nameOf))
  const freed = new Set<string>()
  for (const change of changes) {
    const name = nameOf([change.scope, change.value])
    const isUnknown = reserved === undefined && !others.has(name) && !freed.has(name)
    const isPossible = change.kind === 'reserve' ? !others.has(name) : own.has(name) || isUnknown
    if (!isPossible) return new ReservationRefused(change, undefined)
    if (change.kind === 'reserve') own.add(name)
    else {
      own.delete(name)
      freed.add(name)
    }
  }
  return undefined
}

function nameOf([scope, value]: ReservedValue): string {
  return JSON.stringify([scope, value])
}
