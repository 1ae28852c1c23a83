import type { Lane } from '../log/index.js'

/** Which build of a subscriber the checkpoints belong to. */
export interface SubscriberRef {
  readonly name: string
  readonly generation: number
}

/** A lane and the offset that comes next in it. */
export interface LanePosition extends Lane {
  readonly next: bigint
}

/** A lane as taken: where it goes on, and the epoch that proves the taking. */
export interface TakenLane {
  readonly next: bigint
  readonly epoch: bigint
  /** The event at the offset before; undefined where none was applied from the lane yet. */
  readonly lastEventId: string | undefined
}

/** A stream that one generation has applied further than another. */
export interface StreamBehind {
  readonly stream: string
  readonly version: number
  /** How far the other one is; 0 before the first event. */
  readonly applied: number
}

/** The move that a batch makes. Holds only if the checkpoint is still where, and whose, it was. */
export interface CheckpointMove {
  readonly lane: Lane
  readonly epoch: bigint
  readonly from: bigint
  readonly to: bigint
  /** The event at the offset before `to`. */
  readonly lastEventId: string
}

/** Last applied versions per stream name, within the batch's transaction. */
export interface Guards {
  versions(streams: readonly string[]): Promise<Map<string, number>>
  advance(versions: ReadonlyMap<string, number>): Promise<void>
}

export interface BatchScope<Tx> {
  readonly tx: Tx
  readonly guards: Guards
}

/**
 * - `committed`: rows, guards and checkpoint moved together
 * - `fenced`: the lane was taken by another owner, or moved; nothing was kept
 * - `held`: a swap waits for readers, so nothing may move now; nothing was kept
 */
export const MOVE_OUTCOMES = ['committed', 'fenced', 'held'] as const
export type MoveOutcome = (typeof MOVE_OUTCOMES)[number]

/** Checkpoints and guards, beside the rows that subscribers write. */
export interface CheckpointStore<Tx> {
  /**
   * Takes a lane by raising its epoch, which fences whoever had it. `retired` when this generation is neither live nor
   * being built any more, so nobody may feed it.
   */
  take(subscriber: SubscriberRef, lane: Lane): Promise<TakenLane | 'retired'>

  /** Runs `work` in one transaction that first moves the checkpoint. When `work` throws, nothing is kept. */
  move(
    subscriber: SubscriberRef,
    move: CheckpointMove,
    work: (scope: BatchScope<Tx>) => Promise<void>,
  ): Promise<MoveOutcome>

  /** Runs `work` in one transaction that moves no checkpoint: for events that do not come from a lane. */
  backfill(subscriber: SubscriberRef, work: (scope: BatchScope<Tx>) => Promise<void>): Promise<void>

  /** Sets where lanes will go on, for a generation that nobody feeds yet. */
  begin(subscriber: SubscriberRef, positions: readonly LanePosition[]): Promise<void>

  /** Where every lane of this generation stands. */
  positions(subscriber: SubscriberRef): Promise<readonly LanePosition[]>

  /** A stream of which `subscriber` has applied less than generation `than`, if there is any. */
  behind(subscriber: SubscriberRef, than: number): Promise<StreamBehind | undefined>
}
