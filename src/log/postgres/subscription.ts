import { randomUUID } from 'node:crypto'
import type { Pool } from 'pg'
import type { Logger } from '../../core/ports/logger.js'
import { LeaseSet } from '../../postgres/lease-set.js'
import type { SubscribeOptions } from '../log.js'
import { LaneReader } from './lane-reader.js'
import type { RecordReader } from './record-reader.js'
import type { PostgresTopics } from './topics.js'

export interface PostgresSubscriptionOptions extends SubscribeOptions {
  readonly partitions: ReadonlyMap<string, number>
  readonly topicAdmin: PostgresTopics
  readonly reader: RecordReader
  readonly leasePool: Pool
  readonly read: string
  readonly logger: Logger
  readonly pollInterval: number
}

const DEFAULT_LEASE = 15_000

/**
 * A member of a group on the Postgres log.
 *
 * States: created → running → stopping → stopped. While running it renews its leases, starts a
 * lane reader for each partition it gained and stops those it lost, and looks where its topics end after each wake-up
 * call, or by itself once per poll interval: one small query, whatever the number of lanes.
 */
export class PostgresSubscription {
  readonly #options: PostgresSubscriptionOptions
  readonly #leases: ReadonlyMap<string, LeaseSet>
  readonly #lanes = new Map<string, Map<number, LaneReader>>()
  #polling: NodeJS.Timeout | undefined
  #renewal: NodeJS.Timeout | undefined
  #stopped = false
  #looking: Promise<void> | undefined
  #lookAgain = false
  #renewing: Promise<void> | undefined

  constructor(options: PostgresSubscriptionOptions) {
    this.#options = options
    const { group, topics, partitions, leasePool: pool, read, lease = DEFAULT_LEASE } = options
    const member = randomUUID()
    this.#leases = new Map(
      topics.map((topic) => {
        const tables = { schema: read, leases: 'leases', members: 'lease_members' } as const
        const items = partitions.get(topic) ?? 0
        return [topic, new LeaseSet({ pool, tables, scope: `${group} ${topic}`, items, member, ttl: lease })]
      }),
    )
    topics.forEach((topic) => this.#lanes.set(topic, new Map()))
  }

  async start(): Promise<void> {
    this.#renewAfter(await this.#rebalance())
    this.#polling = setInterval(() => this.wake(), this.#options.pollInterval)
    this.wake()
  }

  /** Something may be new in the topics. Calls during a look are merged into one more look. */
  wake(): void {
    if (this.#stopped) return
    this.#lookAgain = true
    this.#looking ??= this.#look().finally(() => (this.#looking = undefined))
  }

  async stop(): Promise<void> {
    if (this.#stopped) return
    this.#stopped = true
    clearInterval(this.#polling)
    clearTimeout(this.#renewal)
    await this.#looking
    await this.#renewing
    await Promise.all(
      [...this.#lanes.values()].flatMap((lanes) => [...lanes.values()].map((lane) => lane.stop())),
    )
    await Promise.all([...this.#leases.values()].map((leases) => leases.leave())).catch((error: unknown) => {
      this.#options.logger.debug(
        { error: String(error) },
        'partitions could not be given back; they expire by themselves',
      )
    })
  }

  async #look(): Promise<void> {
    while (this.#lookAgain && !this.#stopped) {
      this.#lookAgain = false
      try {
        for (const [topic, lanes] of this.#lanes) {
          if (lanes.size === 0) continue
          const offsets = await this.#options.topicAdmin.offsets(topic)
          offsets.forEach(({ partition, end }) => lanes.get(partition)?.endsAt(end))
        }
      } catch (error) {
        this.#options.logger.warn(
          { error: String(error), group: this.#options.group },
          'the log could not be read; it will be tried again',
        )
      }
    }
  }

  #renewAfter(milliseconds: number): void {
    if (this.#stopped) return
    this.#renewal = setTimeout(() => {
      this.#renewing = this.#renew()
    }, milliseconds)
  }

  async #renew(): Promise<void> {
    const { lease = DEFAULT_LEASE, group, logger } = this.#options
    try {
      this.#renewAfter(await this.#rebalance())
    } catch (error) {
      logger.warn({ error: String(error), group }, 'leases could not be renewed; it will be tried again')
      this.#renewAfter(lease / 3)
    }
  }

  /** Answers in how many milliseconds to do it again. */
  async #rebalance(): Promise<number> {
    let next = Infinity
    for (const [topic, leases] of this.#leases) {
      const { held, renewIn } = await leases.renew()
      next = Math.min(next, renewIn)
      const lanes = this.#lanes.get(topic) ?? new Map<number, LaneReader>()
      for (const [partition, lane] of lanes) {
        if (held.get(partition) !== lane.epoch) void this.#drop(lanes, partition, lane)
      }
      for (const [partition, epoch] of held) {
        if (!lanes.has(partition) && !this.#stopped) lanes.set(partition, this.#open(topic, partition, epoch))
      }
    }
    this.wake()
    return next
  }

  /**
   * Not waited for: a lane that is slow to finish its batch must not keep the others from being renewed. It stays in
   * its place until then, so that the partition is not read twice at the same time should it come back.
   */
  async #drop(lanes: Map<number, LaneReader>, partition: number, lane: LaneReader): Promise<void> {
    await lane.stop()
    if (lanes.get(partition) === lane) lanes.delete(partition)
  }

  #open(topic: string, partition: number, epoch: bigint): LaneReader {
    const { reader, consumer, logger, batchSize = 1_000 } = this.#options
    const lane = new LaneReader({ lane: { topic, partition }, epoch, reader, consumer, logger, batchSize })
    lane.start()
    return lane
  }
}
