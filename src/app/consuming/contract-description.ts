import type { Contract, ContractGuard } from '../../core/contract.js'
import { describeFields, type FieldDescription } from '../field-description.js'

export interface ContractDescription {
  readonly name: string
  readonly topic: string
  /** What tells a record that was applied from a new one, and what happens where one is missing. */
  readonly guard: string
  /** What its records are taken for. */
  readonly records: 'of Reprise' | 'CloudEvents, or plain JSON' | `read by the contract's own function`
  readonly events: readonly { readonly name: string; readonly fields: readonly FieldDescription[] }[]
}

export function describeContract({ name, topic, guard, read, events }: Contract): ContractDescription {
  const foreign = read === undefined ? 'CloudEvents, or plain JSON' : `read by the contract's own function`
  return {
    name,
    topic,
    guard: describeGuard(guard),
    records: guard === 'versions' ? 'of Reprise' : foreign,
    events: events.map(({ type, fields }) => ({ name: type, fields: describeFields(fields) })),
  }
}

/** The guards of the contracts that one projection reads from. */
export function describeGuards(contracts: readonly Contract[]): string {
  const guards = contracts.map(({ guard }) => describeGuard(guard))
  const [first] = guards
  if (first !== undefined && new Set(guards).size === 1) return first
  return contracts.map(({ name }, index) => `${name}: ${guards[index] ?? ''}`).join('; ')
}

function describeGuard(guard: ContractGuard): string {
  if (guard === 'versions') return 'dense (a gap waits and alarms)'
  if (guard === 'offsets') return 'offset only (what its producer repeats is applied again)'
  return `event id (repetitions within ${guard.eventIds / 1_000} s are known)`
}
