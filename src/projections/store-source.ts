import { RebuildRefused } from '../core/errors/index.js'
import type { EventReader } from '../core/ports/event-reader.js'
import type { Lane, LogSubscription } from '../log/index.js'
import type { LaneBounds, LanePosition, OrderedFeed } from '../subscriptions/index.js'
import type { EndVector } from './end-vector.js'
import type { JoinOptions, LaneStatus, ProjectionSource, RebuildSource, Replay } from './projection-source.js'

export interface StoreSourceOptions {
  readonly app: string
  /** The projection's name. */
  readonly projection: string
  /** The aggregates, by name, whose events it reads. */
  readonly streamTypes: readonly string[]
  readonly history: Pick<EventReader, 'count' | 'head' | 'lastPosition'>
  readonly feed: OrderedFeed
}

/** What the lane is called in place of a topic. No topic can be called that. */
export const storeLane = (app: string): string => `store:${app}`

/**
 * The store itself, as one lane in the order of positions over all streams. A checkpoint's next offset is the position
 * after the last event that was applied.
 */
export class StoreSource implements ProjectionSource {
  readonly gaps = true
  readonly topics: ReadonlyMap<string, number>
  readonly #lane: Lane
  readonly #options: StoreSourceOptions

  constructor(options: StoreSourceOptions) {
    this.#options = options
    this.#lane = { topic: storeLane(options.app), partition: 0 }
    this.topics = new Map([[this.#lane.topic, 1]])
  }

  join(options: JoinOptions): Promise<LogSubscription> {
    const { feed, streamTypes } = this.#options
    return feed.subscribe({ ...options, lane: this.#lane, streamTypes })
  }

  async boundsOf(): Promise<LaneBounds> {
    return { earliest: 0n, end: (await this.#options.history.head()) + 1n }
  }

  async ends(): Promise<EndVector> {
    return [{ ...this.#lane, next: await this.#end() }]
  }

  async progress(
    positions: readonly LanePosition[],
  ): Promise<{ readonly lanes: readonly LaneStatus[]; readonly lag: bigint }> {
    const { history, streamTypes } = this.#options
    const next = positions.find(({ topic }) => topic === this.#lane.topic)?.next ?? 0n
    const end = await this.#end()
    const lag = next < end ? await history.count(streamTypes, next - 1n) : 0
    return { lanes: [{ ...this.#lane, next, end }], lag: BigInt(lag) }
  }

  async replay(asked: RebuildSource | undefined): Promise<Replay> {
    const { history, projection, streamTypes } = this.#options
    if (asked === 'log') {
      throw new RebuildRefused(
        projection,
        'its events come in the order of the store, and no topic has that: rebuild from the store',
      )
    }
    const reason = asked === 'store' ? 'asked for' : 'only the store has the order of events over all streams'
    const events = await history.count(streamTypes)
    return { source: 'store', reason, events, end: await this.ends(), backfill: false }
  }

  /** Where a checkpoint stands once it is behind the last event; before the first one it is at 0. */
  async #end(): Promise<bigint> {
    const { history, streamTypes } = this.#options
    const last = await history.lastPosition(streamTypes)
    return last === 0n ? 0n : last + 1n
  }
}
