import type { StoredEvent } from '../core/envelope.js'
import type { LogPublisher } from '../log/index.js'
import type { Handover } from './handover.js'
import type { Fence, Outbox, OutboxRow, Settlement } from './outbox.js'

/** Loads events by position, for rows that only point at them. */
export interface EventsByPosition {
  at(positions: readonly bigint[]): Promise<ReadonlyMap<bigint, StoredEvent>>
}

/**
 * For a log that shares no transaction with the outbox: publish, and only then delete. A crash between the two
 * publishes again, which a reader recognizes by the stream version.
 */
export class PublishThenSettle implements Handover {
  readonly #events: EventsByPosition
  readonly #publisher: LogPublisher
  readonly #outbox: Outbox

  constructor(events: EventsByPosition, publisher: LogPublisher, outbox: Outbox) {
    this.#events = events
    this.#publisher = publisher
    this.#outbox = outbox
  }

  async handOver(rows: readonly OutboxRow[], fence: Fence): Promise<Settlement> {
    const events = await this.#events.at(rows.map(({ position }) => position))
    await this.#publisher.publish(
      rows.map(({ topic, key, position }) => ({ topic, key, event: eventAt(events, position) })),
    )
    return this.#outbox.settle(rows, fence)
  }

  close(): Promise<void> {
    return this.#publisher.close()
  }
}

const eventAt = (events: ReadonlyMap<bigint, StoredEvent>, position: bigint): StoredEvent => {
  const event = events.get(position)
  // Row and event were committed together and events are immutable: only a damaged store gets here.
  if (event === undefined)
    throw new Error(`the outbox points at position ${position.toString()}, where the store has no event`)
  return event
}
