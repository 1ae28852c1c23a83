import { RebuildRefused } from '../core/errors/index.js'
import type { Lane, Log, LogSubscription } from '../log/index.js'
import type { LaneBounds, LanePosition } from '../subscriptions/index.js'
import type { EndVector } from './end-vector.js'
import type {
  JoinOptions,
  LaneStatus,
  ProjectionSource,
  RebuildSource,
  RecordedTopic,
  Replay,
} from './projection-source.js'
import { TopicSource } from './topic-source.js'

export interface LogOnlySourceOptions {
  /** The projection's name. */
  readonly projection: string
  readonly log: Log
  /** Partitions per topic that it reads. */
  readonly topics: ReadonlyMap<string, number>
}

/** Topics whose store is out of reach: what they do not hold is nowhere. */
export class LogOnlySource implements ProjectionSource {
  readonly gaps: boolean
  readonly topics: ReadonlyMap<string, number>
  readonly #projection: string
  readonly #source: TopicSource

  constructor({ projection, log, topics }: LogOnlySourceOptions) {
    this.topics = topics
    this.#projection = projection
    const nothingStored = { count: () => Promise.resolve(0) }
    const alone = { streamTypes: [], history: nothingStored, wayOut: 'log alone' } as const
    this.#source = new TopicSource({ projection, log, topics, ...alone })
    this.gaps = this.#source.gaps
  }

  join(options: JoinOptions): Promise<LogSubscription> {
    return this.#source.join(options)
  }

  get logIdentity(): string {
    return this.#source.logIdentity
  }

  boundsOf(lane: Lane, recorded?: RecordedTopic): Promise<LaneBounds> {
    return this.#source.boundsOf(lane, recorded)
  }

  ends(): Promise<EndVector> {
    return this.#source.ends()
  }

  progress(
    positions: readonly LanePosition[],
  ): Promise<{ readonly lanes: readonly LaneStatus[]; readonly lag: bigint }> {
    return this.#source.progress(positions)
  }

  /** A topic that was made anew is good to begin with, as long as it begins at its first record. */
  async replay(asked: RebuildSource | undefined): Promise<Replay> {
    if (asked === 'store')
      throw new RebuildRefused(this.#projection, 'this service has no store: rebuild from the log')
    const replay = await this.#source.replay(undefined, [])
    if (replay.source === 'log') return replay
    throw new RebuildRefused(
      this.#projection,
      `${replay.reason}, and this service has no store: its producer has to make the topic anew before`,
    )
  }
}
