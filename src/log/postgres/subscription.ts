import { randomUUID } from 'node:crypto'
import type { Pool } from 'pg'
import { type Failpoints, noFailpoints } from '../../core/ports/failpoints.js'
import type { Logger } from '../../core/ports/logger.js'
import { Trouble } from '../../core/trouble.js'
import { LeaseSet } from '../../postgres/lease-set.js'
import { laneName } from '../lane-consumer.js'
import type { SubscribeOptions } from '../log.js'
import type { PartitionOffsets } from '../topics.js'
import { LaneReader } from './lane-reader.js'
import type { LaneSource } from './lane-source.js'

/** Where a partition ends, and of which topic: one that was made anew under the same name is another one. */
export interface PartitionLook extends PartitionOffsets {
  readonly topicId?: number
}

export interface PostgresSubscriptionOptions extends SubscribeOptions {
  readonly partitions: ReadonlyMap<string, number>
  readonly topicAdmin: { offsets(topic: string): Promise<readonly PartitionLook[]> }
  readonly reader: LaneSource
  readonly leasePool: Pool
  readonly read: string
  readonly logger: Logger
  readonly pollInterval: number
  /** @defaultValue every step goes on */
  readonly failpoints?: Failpoints
}

const DEFAULT_LEASE = 15_000

const READING = {
  fails: 'the log could not be read; it will be tried again',
  over: 'the log can be read again',
}

/** So many leases a lane that was declined is left to the others. */
const LEFT_FOR_LEASES = 2

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
  /** Which topics the names led to when they were looked at last. */
  readonly #topicIds = new Map<string, number>()
  readonly #looks = new Map<string, Trouble>()
  readonly #renewals: Trouble
  #polling: NodeJS.Timeout | undefined
  #renewal: NodeJS.Timeout | undefined
  #stopped = false
  #looking: Promise<void> | undefined
  #lookAgain = false
  #renewing: Promise<void> | undefined

  constructor(options: PostgresSubscriptionOptions) {
    this.#options = options
    const { group, topics, partitions, leasePool: pool, read, lease = DEFAULT_LEASE, logger } = options
    this.#renewals = new Trouble(logger, {
      fails: 'leases could not be renewed; it will be tried again',
      over: 'leases are renewed again',
    })
    const member = randomUUID()
    this.#leases = new Map(
      topics.map((topic) => {
        const tables = { schema: read, leases: 'leases', members: 'lease_members' } as const
        const items = partitions.get(topic) ?? 0
        return [topic, new LeaseSet({ pool, tables, scope: `${group} ${topic}`, items, member, ttl: lease })]
      }),
    )
    for (const topic of topics) {
      this.#lanes.set(topic, new Map())
      this.#looks.set(topic, new Trouble(logger, READING))
    }
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
      for (const [topic, lanes] of this.#lanes) if (lanes.size > 0) await this.#lookAt(topic, lanes)
    }
  }

  async #lookAt(topic: string, lanes: ReadonlyMap<number, LaneReader>): Promise<void> {
    const { group, topicAdmin } = this.#options
    const trouble = this.#looks.get(topic)
    try {
      const found = await topicAdmin.offsets(topic)
      trouble?.worked({ group, topic })
      const bounds = new Map(found.map((it) => [it.partition, it]))
      const isAnother = this.#isAnotherTopic(topic, found[0]?.topicId)
      for (const [partition, lane] of lanes) {
        const end = bounds.get(partition)?.end
        if (end !== undefined) lane.endsAt(end)
        if (end === undefined || isAnother) lane.changed()
      }
    } catch (error) {
      trouble?.failed({ error: String(error), group, topic })
    }
  }

  #isAnotherTopic(topic: string, id: number | undefined): boolean {
    const before = this.#topicIds.get(topic)
    if (id !== undefined) this.#topicIds.set(topic, id)
    return before !== undefined && id !== undefined && before !== id
  }

  #renewAfter(milliseconds: number): void {
    if (this.#stopped) return
    this.#renewal = setTimeout(() => {
      this.#renewing = this.#renew()
    }, milliseconds)
  }

  async #renew(): Promise<void> {
    const { lease = DEFAULT_LEASE, group } = this.#options
    try {
      this.#renewAfter(await this.#rebalance())
      this.#renewals.worked({ group })
    } catch (error) {
      this.#renewals.failed({ error: String(error), group })
      this.#renewAfter(lease / 3)
    }
  }

  /** Answers in how many milliseconds to do it again. */
  async #rebalance(): Promise<number> {
    const { failpoints = noFailpoints } = this.#options
    let next = Infinity
    let opened = false
    for (const [topic, leases] of this.#leases) {
      await failpoints.reach('renew:before')
      const { held, renewIn } = await leases.renew()
      await failpoints.reach('renew:after')
      next = Math.min(next, renewIn)
      const lanes = this.#lanes.get(topic) ?? new Map<number, LaneReader>()
      for (const [partition, lane] of lanes) {
        if (held.get(partition) !== lane.epoch) void this.#drop(lanes, partition, lane)
      }
      for (const [partition, epoch] of held) {
        if (lanes.has(partition) || this.#stopped) continue
        lanes.set(partition, this.#open(topic, partition, epoch))
        opened = true
      }
    }
    if (opened) this.wake()
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
    const lane = new LaneReader({
      lane: { topic, partition },
      epoch,
      reader,
      consumer,
      logger,
      batchSize,
      onDeclined: () => void this.#decline(topic, partition, lane),
    })
    lane.start()
    return lane
  }

  async #decline(topic: string, partition: number, lane: LaneReader): Promise<void> {
    const { lease = DEFAULT_LEASE, logger } = this.#options
    const facts = { lane: laneName({ topic, partition }), leases: LEFT_FOR_LEASES }
    logger.info(facts, 'a lane was declined; it is left to other members for a while')
    try {
      await this.#leases.get(topic)?.decline(partition, LEFT_FOR_LEASES * lease)
    } catch (error) {
      logger.debug(
        { ...facts, error: String(error) },
        'a declined lane could not be given back; it expires by itself',
      )
    }
    const lanes = this.#lanes.get(topic)
    if (lanes?.get(partition) === lane) lanes.delete(partition)
  }
}
