import { RebuildRefused } from '../core/errors/index.js'
import type { EventReader } from '../core/ports/event-reader.js'
import type { LogSubscription } from '../log/index.js'
import type { LaneBounds } from '../subscriptions/index.js'
import type { EndVector } from './end-vector.js'
import type { LaneStatus, ProjectionSource, RebuildSource, Replay } from './projection-source.js'

export interface InlineSourceOptions {
  /** The projection's name. */
  readonly projection: string
  /** The aggregates, by name, whose events it reads. */
  readonly streamTypes: readonly string[]
  readonly history: Pick<EventReader, 'count'>
}

/** The appends themselves: there is nothing to follow, so there are no lanes, and nothing is ever behind. */
export class InlineSource implements ProjectionSource {
  readonly gaps = false
  readonly topics: ReadonlyMap<string, number> = new Map()
  readonly #options: InlineSourceOptions

  constructor(options: InlineSourceOptions) {
    this.#options = options
  }

  join(): Promise<LogSubscription> {
    return Promise.reject(this.#noLanes())
  }

  boundsOf(): Promise<LaneBounds> {
    return Promise.reject(this.#noLanes())
  }

  ends(): Promise<EndVector> {
    return Promise.resolve([])
  }

  progress(): Promise<{ readonly lanes: readonly LaneStatus[]; readonly lag: bigint }> {
    return Promise.resolve({ lanes: [], lag: 0n })
  }

  async replay(asked: RebuildSource | undefined): Promise<Replay> {
    const { projection, streamTypes, history } = this.#options
    if (asked === 'log')
      throw new RebuildRefused(
        projection,
        'it is inline, and the log is behind what it has to be level with: rebuild from the store',
      )
    const reason =
      asked === 'store' ? 'asked for' : 'an inline projection is built from what the appends wrote'
    return { source: 'store', reason, events: await history.count(streamTypes), end: [], backfill: true }
  }

  #noLanes(): Error {
    return new Error(`projection ${this.#options.projection} is inline: it has no lanes`)
  }
}
