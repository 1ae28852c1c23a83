import type { Pool } from 'pg'
import type { EventEncoding } from '../../core/event-encoding.js'
import type { EventOrder } from '../../core/ports/event-order.js'
import type { EventReader } from '../../core/ports/event-reader.js'
import { type Failpoints, noFailpoints } from '../../core/ports/failpoints.js'
import type { Logger } from '../../core/ports/logger.js'
import type { Lane, LogRecord, LogSubscription } from '../../log/index.js'
import type { LaneSource } from '../../log/postgres/lane-source.js'
import { PostgresSubscription } from '../../log/postgres/subscription.js'
import type { OrderedFeed, OrderedSubscribeOptions } from '../ordered-feed.js'
import { SettledEnd } from '../settled-end.js'

export interface PostgresOrderedFeedOptions {
  readonly history: EventReader
  readonly order: EventOrder
  readonly encoding: EventEncoding
  /** Connections to the read side, which holds the leases on lanes. */
  readonly leasePool: Pool
  readonly read: string
  /** Calls back after appends, in whichever process; a call may be lost. Answers how to end that. */
  readonly onAppended: (wake: () => void) => Promise<() => void>
  readonly logger: Logger
  /** Milliseconds between looks at an idle store, for when a wake-up call was lost. @defaultValue 1000 */
  readonly pollInterval?: number
  /** @defaultValue every step goes on */
  readonly failpoints?: Failpoints
}

/** Leases and reads the one lane as those of the Postgres log are; only where it ends is found out in another way. */
export class PostgresOrderedFeed implements OrderedFeed {
  readonly #options: PostgresOrderedFeedOptions

  constructor(options: PostgresOrderedFeedOptions) {
    this.#options = options
  }

  async subscribe(options: OrderedSubscribeOptions): Promise<LogSubscription> {
    const { lane, streamTypes } = options
    const {
      history,
      order,
      encoding,
      leasePool,
      read,
      onAppended,
      logger,
      failpoints = noFailpoints,
    } = this.#options
    const wake = (): void => subscription.wake()
    const end = new SettledEnd({ order, history, streamTypes, logger, wake })
    const offsets = async () => [{ partition: lane.partition, earliest: 0n, end: await end.find() }]
    const subscription = new PostgresSubscription({
      ...options,
      topics: [lane.topic],
      partitions: new Map([[lane.topic, lane.partition + 1]]),
      topicAdmin: { offsets },
      reader: new StoreReader(history, streamTypes, encoding),
      leasePool,
      read,
      logger,
      pollInterval: this.#options.pollInterval ?? 1_000,
      failpoints,
    })
    const unlisten = await onAppended(wake)
    const stop = (): Promise<void> => {
      unlisten()
      end.stop()
      return subscription.stop()
    }
    try {
      await subscription.start()
    } catch (error) {
      await stop()
      throw error
    }
    return { stop }
  }
}

/** Events as the records that a topic would hold of them. */
class StoreReader implements LaneSource {
  readonly dense = false
  readonly #history: EventReader
  readonly #streamTypes: readonly string[]
  readonly #encoding: EventEncoding

  constructor(history: EventReader, streamTypes: readonly string[], encoding: EventEncoding) {
    this.#history = history
    this.#streamTypes = streamTypes
    this.#encoding = encoding
  }

  async read(lane: Lane, offset: bigint, limit: number, end: bigint): Promise<readonly LogRecord[]> {
    const events = await this.#history.page(this.#streamTypes, offset - 1n, limit, end - 1n)
    return events.map((event) => ({
      ...lane,
      offset: event.position,
      key: event.stream.id,
      ...this.#encoding.encode(event),
      timestamp: event.recordedAt,
    }))
  }
}
