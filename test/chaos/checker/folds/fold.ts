import type { EventFact } from '../../facts.js'

/** Rows of a table as the facts have them. */
export type Rows = readonly Readonly<Record<string, unknown>>[]

/** Where a table does not say what its events do. */
export interface Mismatch {
  readonly what: string
  /** An event by which its way can be followed. */
  readonly event?: EventFact | undefined
  readonly weight: number
  /** Whether something was counted more often than it happened, which is also another invariant's concern. */
  readonly excess?: boolean
}

/** Compares one table of a projection with the events that the projection applied, in the order of positions. */
export interface Fold {
  readonly table: string
  mismatches(applied: readonly EventFact[], rows: Rows): readonly Mismatch[]
}

type Payload = Readonly<Record<string, unknown>>

const payloads = new WeakMap<EventFact, Payload>()

export function payloadOf(event: EventFact): Payload {
  const known = payloads.get(event)
  if (known !== undefined) return known
  const payload = JSON.parse(event.payload) as Payload
  payloads.set(event, payload)
  return payload
}

/** A whole number that came as digits or as a number. */
export const whole = (value: unknown): bigint => {
  const text = String(value)
  return /^-?\d+$/.test(text) ? BigInt(text) : 0n
}

/** What an event adds to its account; 0 for what moves no money. */
export function amountOf(event: EventFact): bigint {
  const { amount, grant } = payloadOf(event)
  switch (event.type) {
    case 'AccountOpened':
      return whole(grant)
    case 'MoneyDeposited':
      return whole(amount)
    case 'MoneyWithdrawn':
      return -whole(amount)
    default:
      return 0n
  }
}

export const isOfAccount = ({ streamType }: EventFact): boolean => streamType === 'account'

export const movesMoney = ({ type }: EventFact): boolean =>
  type === 'MoneyDeposited' || type === 'MoneyWithdrawn'

/** Compares rows with what they must hold, by key. */
export function compareRows(
  table: string,
  key: string,
  rows: Rows,
  expected: ReadonlyMap<string, ExpectedRow>,
): readonly Mismatch[] {
  const found = new Map(rows.map((row) => [String(row[key]), row]))
  const mismatches: Mismatch[] = []
  if (found.size < rows.length)
    mismatches.push({
      what: `${table} has ${rows.length - found.size} rows of a key that another has`,
      weight: 1,
    })
  for (const [id, { values, last }] of expected) {
    const row = found.get(id)
    if (row === undefined) {
      mismatches.push({ what: `${table} has no row ${id}`, event: last, weight: 1 })
      continue
    }
    for (const [column, value] of Object.entries(values)) {
      const shown = textOf(row[column])
      if (shown === String(value)) continue
      mismatches.push({
        what: `${table} row ${id} shows ${column} ${clipped(shown)}; its events make ${clipped(String(value))}`,
        event: last,
        weight: distance(shown, value),
        excess: column === 'entries' && whole(shown) > whole(value),
      })
    }
  }
  for (const id of found.keys())
    if (!expected.has(id))
      mismatches.push({ what: `${table} has row ${id}, which no event makes`, weight: 1 })
  return mismatches
}

export interface ExpectedRow {
  readonly values: Readonly<Record<string, bigint | string>>
  /** The last event that made it. */
  readonly last: EventFact
}

/** Nothing where there is none. */
const textOf = (value: unknown): string =>
  value === undefined || value === null ? '' : JSON.stringify(value).replace(/^"|"$/g, '')

const clipped = (text: string): string => (text.length > 80 ? `…${text.slice(-80)}` : text)

const distance = (shown: string, value: bigint | string): number => {
  if (typeof value === 'string') return 1
  const apart = whole(shown) - value
  return Math.max(1, Number(apart < 0n ? -apart : apart))
}
