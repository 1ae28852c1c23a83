import type { LanePosition, LaneSource } from '../subscriptions/index.js'

export type { JoinOptions, LaneStatus, RecordedTopic } from '../subscriptions/index.js'

/** Where a rebuild reads history from. */
export const REBUILD_SOURCES = ['log', 'store'] as const
export type RebuildSource = (typeof REBUILD_SOURCES)[number]

/** How a new generation gets all of history. */
export interface Replay {
  readonly source: RebuildSource
  /** Why that source. */
  readonly reason: string
  readonly events: number
  /** Where the lanes ended before anything was read. */
  readonly end: readonly LanePosition[]
  /** Whether the store is read through first, and the lanes are fed from `end` on; else they are from the beginning. */
  readonly backfill: boolean
}

/** Where the events of a projection come from: what feeding and rebuilding it need not tell apart. */
export interface ProjectionSource extends LaneSource {
  /** Where each lane ends now. */
  ends(): Promise<readonly LanePosition[]>

  /**
   * How history would be replayed now, from the source that is asked for if one is. `applied` is how far the live
   * generation is.
   *
   * @throws {@link RebuildRefused} when it cannot be done as asked
   */
  replay(asked: RebuildSource | undefined, applied: readonly LanePosition[]): Promise<Replay>
}
