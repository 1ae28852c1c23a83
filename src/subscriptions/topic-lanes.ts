import {
  type Lane,
  lagOf,
  laneName,
  type Log,
  type LogSubscription,
  type PartitionOffsets,
} from '../log/index.js'
import type { LanePosition } from './checkpoint-store.js'
import type { JoinOptions, LaneProgress, LaneSource, LaneStatus, RecordedTopic } from './lane-source.js'
import { SharedLook } from './shared-look.js'
import type { LaneBounds } from './subscription-options.js'
import { type WayOut, TopicChanged } from './topic-changed.js'

export interface TopicLanesOptions {
  readonly log: Log
  /** Partitions per topic that are read. */
  readonly topics: ReadonlyMap<string, number>
  /** What helps where a topic is another one than it was. @defaultValue a rebuild, which has history from the store */
  readonly wayOut?: WayOut | undefined
}

/** The partitions of some topics of a log: each stream in order, streams side by side. */
export class TopicLanes implements LaneSource {
  readonly gaps: boolean
  readonly topics: ReadonlyMap<string, number>
  readonly #log: Log
  readonly #wayOut: WayOut
  readonly #offsets: SharedLook<readonly PartitionOffsets[]>

  constructor({ log, topics, wayOut = 'store' }: TopicLanesOptions) {
    this.topics = topics
    this.gaps = log.gaps
    this.#log = log
    this.#wayOut = wayOut
    this.#offsets = new SharedLook((topic) => log.topics.offsets(topic))
  }

  join({ group, consumer, lease }: JoinOptions): Promise<LogSubscription> {
    return this.#log.subscribe({ group, topics: [...this.topics.keys()], lease, consumer })
  }

  get logIdentity(): string {
    return this.#log.identity
  }

  async boundsOf(lane: Lane, recorded?: RecordedTopic): Promise<LaneBounds> {
    if (recorded?.log !== undefined && recorded.log !== this.logIdentity)
      throw TopicChanged.elsewhere(lane, this.#wayOut, recorded.log, this.logIdentity)
    const offsets = await this.#offsets.of(lane.topic)
    if (recorded !== undefined && recorded.partitions !== offsets.length)
      throw TopicChanged.counts(lane, this.#wayOut, recorded.partitions, offsets.length)
    const bounds = offsets.find(({ partition }) => partition === lane.partition)
    if (bounds === undefined) throw new Error(`the topic has no partition ${laneName(lane)}`)
    return bounds
  }

  async progress(positions: readonly LanePosition[]): Promise<LaneProgress> {
    const lanes: LaneStatus[] = []
    let lag = 0n
    for (const topic of (await this.#log.topics.describe([...this.topics.keys()])).keys()) {
      const own = positions.filter((it) => it.topic === topic)
      const next = new Map(own.map((it) => [it.partition, it.next]))
      const offsets = await this.#log.topics.offsets(topic)
      lag += lagOf(offsets, next)
      lanes.push(
        ...offsets.map(({ partition, end }) => ({ topic, partition, next: next.get(partition) ?? 0n, end })),
      )
    }
    return { lanes, lag }
  }
}
