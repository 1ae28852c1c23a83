import type { ReservationChange } from '../../core/envelope.js'
import type { AppendOutcome, StreamAppend } from '../../core/ports/event-store.js'
import type { StreamRef } from '../../core/stream.js'
import type { Session, Statement } from '../../postgres/session.js'
import {
  freeValuesStatement,
  handOverValuesStatement,
  holdersStatement,
  lockValuesStatement,
} from './reservation-statements.js'

/** A value that a request changes, and the stream that changes it last: if anybody has it in the end, that one does. */
interface ChangedValue {
  readonly scope: string
  readonly value: string
  readonly last: StreamRef
}

interface ValueRow {
  readonly scope: string
  readonly value: string
}

interface HolderRow extends ValueRow {
  readonly stream_type: string
  readonly stream_id: string
}

/** Who holds which value, by {@link nameOf}. */
type Holders = ReadonlyMap<string, StreamRef>

type Clash = Extract<AppendOutcome, { readonly outcome: 'reserved' }>

/**
 * Reserves and releases values in the transaction of an append. Their rows are locked in one order by everybody, so that
 * nobody waits in a circle, and before the events that carry the changes draw their positions.
 */
export class ReservedValues {
  readonly #sql: Readonly<Record<'lock' | 'holders' | 'handOver' | 'free', Statement>>

  constructor(store: string) {
    this.#sql = {
      lock: lockValuesStatement(store),
      holders: holdersStatement(store),
      handOver: handOverValuesStatement(store),
      free: freeValuesStatement(store),
    }
  }

  /** Makes all changes of the streams, in their order, or answers the first that cannot be made. */
  async change(session: Session, streams: readonly StreamAppend[]): Promise<Clash | undefined> {
    const changed = changedValues(streams)
    if (changed.length === 0) return undefined
    const { made, before } = await this.#lock(session, changed)
    const after = new Map(before)
    for (const { stream, reservations } of streams) {
      for (const change of reservations) {
        const clash = apply(after, stream, change)
        if (clash !== undefined) return clash
      }
    }
    const freed = changed.filter((it) => !after.has(nameOf(it)))
    const handedOver = changed.filter((it) => {
      const name = nameOf(it)
      return after.has(name) && !made.has(name) && !areSame(before.get(name), it.last)
    })
    if (freed.length > 0) await session.query(this.#sql.free, columnsOf(freed).slice(0, 2))
    if (handedOver.length > 0) await session.query(this.#sql.handOver, columnsOf(handedOver))
    return undefined
  }

  /** The values of which the row was made by this, for the stream that is to have it, and the holders of the others. */
  async #lock(
    session: Session,
    changed: readonly ChangedValue[],
  ): Promise<{ readonly made: ReadonlySet<string>; readonly before: Holders }> {
    const columns = columnsOf(changed)
    const made = new Set((await session.query<ValueRow>(this.#sql.lock, columns)).map(nameOf))
    if (made.size === changed.length) return { made, before: new Map() }
    const others = changed.filter((it) => !made.has(nameOf(it)))
    const rows = await session.query<HolderRow>(this.#sql.holders, columnsOf(others).slice(0, 2))
    const before = new Map(rows.map((row) => [nameOf(row), { type: row.stream_type, id: row.stream_id }]))
    return { made, before }
  }
}

/** Each value once, in the order in which everybody locks them. */
function changedValues(streams: readonly StreamAppend[]): readonly ChangedValue[] {
  const changed = new Map<string, ChangedValue>()
  for (const { stream, reservations } of streams) {
    for (const { scope, value } of reservations)
      changed.set(nameOf({ scope, value }), { scope, value, last: stream })
  }
  return [...changed].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, value]) => value)
}

function apply(
  holders: Map<string, StreamRef>,
  stream: StreamRef,
  change: ReservationChange,
): Clash | undefined {
  const name = nameOf(change)
  const holder = holders.get(name)
  const isHolder = areSame(holder, stream)
  if (change.kind === 'reserve' ? holder !== undefined && !isHolder : !isHolder)
    return { outcome: 'reserved', stream, change, holder }
  if (change.kind === 'reserve') holders.set(name, stream)
  else holders.delete(name)
  return undefined
}

const columnsOf = (values: readonly ChangedValue[]): readonly (readonly string[])[] => [
  values.map(({ scope }) => scope),
  values.map(({ value }) => value),
  values.map(({ last }) => last.type),
  values.map(({ last }) => last.id),
]

const nameOf = ({ scope, value }: ValueRow): string => JSON.stringify([scope, value])

const areSame = (a: StreamRef | undefined, b: StreamRef): boolean => a?.type === b.type && a.id === b.id
