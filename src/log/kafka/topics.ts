import { setTimeout } from 'node:timers/promises'
import type { Admin, PartitionMetadata } from 'kafkajs'
import { ConfigurationError, TimedOut, TopicMissing } from '../../core/errors/index.js'
import { brokerErrorOf } from '../../kafka/index.js'
import type { PartitionOffsets, Topics, TopicSettings, TopicSpec } from '../topics.js'
import type { AdminConnection } from './admin-connection.js'
import { topicSettings } from './topic-settings.js'

/** What Kafka takes for "as the brokers are configured". */
export const BROKERS_DEFAULT = -1

const NO_LEADER = -1
const NOT_SERVED_YET = ['UNKNOWN_TOPIC_OR_PARTITION', 'NOT_LEADER_FOR_PARTITION', 'LEADER_NOT_AVAILABLE']
const UNLIMITED = '-1'
const SETTLED_WITHIN = 30_000
const LOOK_AGAIN_AFTER = 50

export class KafkaTopics implements Topics {
  readonly #connection: AdminConnection
  readonly #replicationFactor: number

  constructor(connection: AdminConnection, replicationFactor: number) {
    this.#connection = connection
    this.#replicationFactor = replicationFactor
  }

  async create({ name, partitions }: TopicSpec): Promise<'created' | 'exists'> {
    const created = await this.#connection.use((admin) => this.#create(admin, name, partitions))
    await this.#until(`the leaders of topic ${name} to serve it`, (admin) => isServed(admin, name))
    return created ? 'created' : 'exists'
  }

  describe(names: readonly string[]): Promise<ReadonlyMap<string, TopicSpec>> {
    return this.#connection.use(async (admin) => {
      const found = new Map<string, TopicSpec>()
      for (const name of new Set(names)) {
        const partitions = await partitionsOf(admin, name)
        if (partitions !== undefined) found.set(name, { name, partitions: partitions.length })
      }
      return found
    })
  }

  settings(names: readonly string[]): Promise<readonly TopicSettings[]> {
    return this.#connection.use((admin) => topicSettings(admin, names))
  }

  offsets(name: string): Promise<readonly PartitionOffsets[]> {
    return this.#connection.use((admin) => offsetsOf(admin, name))
  }

  async deleteBefore(name: string, partition: number, offset: bigint): Promise<void> {
    await this.#connection.use(async (admin) => {
      const range = (await offsetsOf(admin, name)).find((offsets) => offsets.partition === partition)
      if (range === undefined) throw new RangeError(`topic ${name} has no partition ${partition}`)
      const begin = offset < range.end ? offset : range.end
      if (begin <= range.earliest) return
      await admin.deleteTopicRecords({ topic: name, partitions: [{ partition, offset: begin.toString() }] })
    })
  }

  async delete(names: readonly string[]): Promise<void> {
    const existing = [...(await this.describe(names)).keys()]
    if (existing.length === 0) return
    await this.#connection.use(async (admin) => {
      try {
        await admin.deleteTopics({ topics: existing })
      } catch (error) {
        // Another process was faster, or this is the second try.
        if (!isUnknownTopic(error)) throw error
      }
    })
    await this.#until(`topics ${existing.join(', ')} to be gone`, async (admin) => {
      for (const name of existing) if ((await partitionsOf(admin, name)) !== undefined) return false
      return true
    })
  }

  async #create(admin: Admin, topic: string, numPartitions: number): Promise<boolean> {
    try {
      return await admin.createTopics({
        // The client's own wait fails on a topic that the asked broker has not heard of yet.
        waitForLeaders: false,
        topics: [
          {
            topic,
            numPartitions,
            replicationFactor: this.#replicationFactor,
            configEntries: [
              { name: 'cleanup.policy', value: 'delete' },
              { name: 'retention.ms', value: UNLIMITED },
              { name: 'retention.bytes', value: UNLIMITED },
            ],
          },
        ],
      })
    } catch (error) {
      if (brokerErrorOf(error) !== 'INVALID_REPLICATION_FACTOR') throw error
      throw new ConfigurationError(
        'replicationFactor',
        `of topic ${topic} cannot be had: the cluster has fewer brokers than copies were asked for, by this setting or by the brokers' default.replication.factor`,
        error,
      )
    }
  }

  async #until(what: string, holds: (admin: Admin) => Promise<boolean>): Promise<void> {
    const deadline = performance.now() + SETTLED_WITHIN
    while (!(await this.#connection.use(holds))) {
      if (performance.now() > deadline) throw new TimedOut(what, SETTLED_WITHIN)
      await setTimeout(LOOK_AGAIN_AFTER)
    }
  }
}

const isUnknownTopic = (error: unknown): boolean => brokerErrorOf(error) === 'UNKNOWN_TOPIC_OR_PARTITION'

async function partitionsOf(admin: Admin, name: string): Promise<readonly PartitionMetadata[] | undefined> {
  try {
    const { topics } = await admin.fetchTopicMetadata({ topics: [name] })
    return topics[0]?.partitions
  } catch (error) {
    if (isUnknownTopic(error)) return undefined
    throw error
  }
}

/** Leaders are known a moment before they take up their work, and refuse everything until then. */
async function isServed(admin: Admin, name: string): Promise<boolean> {
  const partitions = await partitionsOf(admin, name)
  if (partitions === undefined || partitions.some(({ leader }) => leader === NO_LEADER)) return false
  try {
    await admin.fetchTopicOffsets(name)
    return true
  } catch (error) {
    if (NOT_SERVED_YET.includes(brokerErrorOf(error) ?? '')) return false
    throw error
  }
}

async function offsetsOf(admin: Admin, name: string): Promise<readonly PartitionOffsets[]> {
  // Asked first, because the client asks for the offsets of a missing topic again and again.
  const partitions = await partitionsOf(admin, name)
  if (partitions === undefined) throw new TopicMissing(name)
  const offsets = await admin.fetchTopicOffsets(name)
  // The client knows the partitions that it found when it first met the topic. Another one finds those that there are.
  if (offsets.length !== partitions.length) throw new Error(`the partitions of topic ${name} have changed`)
  return offsets
    .map(({ partition, low, high }) => ({ partition, earliest: BigInt(low), end: BigInt(high) }))
    .sort((one, other) => one.partition - other.partition)
}
