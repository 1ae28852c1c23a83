import type { StoredEvent } from '../core/envelope.js'
import { type Failpoints, noFailpoints } from '../core/ports/failpoints.js'
import { type LogPublisher, type OutgoingRecord, RecordsRefused, TopicsUnavailable } from '../log/index.js'
import { type Handover, RowsHeldUp, RowsRefused } from './handover.js'
import type { Fence, Outbox, OutboxRow, Settlement } from './outbox.js'

/** Loads events by position, for rows that only point at them. */
export interface EventsByPosition {
  at(positions: readonly bigint[]): Promise<ReadonlyMap<bigint, StoredEvent>>
}

/** For an outbox whose rows carry everything themselves. */
export const noEvents: EventsByPosition = { at: () => Promise.resolve(new Map()) }

/**
 * For a log that shares no transaction with the outbox: publish, and only then delete. A crash between the two
 * publishes again, which a reader recognizes by the stream version.
 */
export class PublishThenSettle implements Handover {
  readonly #events: EventsByPosition
  readonly #publisher: LogPublisher
  readonly #outbox: Outbox
  readonly #failpoints: Failpoints

  constructor(
    events: EventsByPosition,
    publisher: LogPublisher,
    outbox: Outbox,
    failpoints: Failpoints = noFailpoints,
  ) {
    this.#events = events
    this.#publisher = publisher
    this.#outbox = outbox
    this.#failpoints = failpoints
  }

  async handOver(rows: readonly OutboxRow[], fence: Fence): Promise<Settlement> {
    const outgoing = await this.#outgoing(rows)
    await this.#failpoints.reach('publish:before')
    await this.#publish(outgoing)
    await this.#failpoints.reach('publish:after')
    await this.#failpoints.reach('settle:before')
    const outcome = await this.#outbox.settle(rows, fence)
    await this.#failpoints.reach('settle:after')
    return outcome
  }

  close(): Promise<void> {
    return this.#publisher.close()
  }

  async #outgoing(rows: readonly OutboxRow[]): Promise<ReadonlyMap<OutgoingRecord, OutboxRow>> {
    const positions = rows.flatMap((row) => ('position' in row ? [row.position] : []))
    const events = positions.length === 0 ? new Map<bigint, StoredEvent>() : await this.#events.at(positions)
    const missing = rows.filter((row) => 'position' in row && !events.has(row.position))
    if (missing.length > 0) throw RowsRefused.forMissingEvents(missing)
    return new Map(rows.map((row) => [recordOf(row, events), row]))
  }

  async #publish(outgoing: ReadonlyMap<OutgoingRecord, OutboxRow>): Promise<void> {
    const rowOf = (record: OutgoingRecord): OutboxRow[] => {
      const row = outgoing.get(record)
      return row === undefined ? [] : [row]
    }
    try {
      await this.#publisher.publish([...outgoing.keys()])
    } catch (error) {
      if (error instanceof TopicsUnavailable) throw new RowsHeldUp(error, error.published.flatMap(rowOf))
      if (!(error instanceof RecordsRefused)) throw error
      throw new RowsRefused(
        error.refusals.flatMap(({ record, reason }) => rowOf(record).map((row) => ({ row, reason }))),
        error.published.flatMap(rowOf),
      )
    }
  }
}

const recordOf = (row: OutboxRow, events: ReadonlyMap<bigint, StoredEvent>): OutgoingRecord => {
  if (!('position' in row)) return row
  const event = events.get(row.position)
  if (event === undefined) throw new Error(`the event at ${row.position.toString()} was not loaded`)
  return { topic: row.topic, key: row.key, event }
}
