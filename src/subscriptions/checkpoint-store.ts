import type { Lane } from '../log/index.js'
import type { Parking } from './parking.js'
import type { TopicMemory } from './topic-memory.js'

/** Which build of a subscriber the checkpoints belong to. */
export interface SubscriberRef {
  readonly name: string
  readonly generation: number
  /** The fingerprint of the build that handles events, kept with its letters. Not given, any build may feed it. */
  readonly definition?: string
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
  /**
   * Whether what comes next may kill its process: the lane was taken here before and neither moved nor given back, or the
   * record was tried alone.
   */
  readonly suspect: boolean
}

/** A stream that one generation has applied further than another. */
export interface StreamBehind {
  readonly stream: string
  readonly version: number
  /** How far the other one is; 0 before the first event. */
  readonly applied: number
}

/** How often a record was tried alone, and since when. */
export interface CountedAttempt {
  readonly attempts: number
  readonly firstAt: Date
}

/** The letters of a generation. */
export interface LetterTally {
  readonly letters: number
  /** What is wrong with the first of them; undefined where there is none. */
  readonly first: string | undefined
}

/** The move that a batch makes. Holds only if the checkpoint is still where, and whose, it was. */
export interface CheckpointMove {
  readonly lane: Lane
  readonly epoch: bigint
  readonly from: bigint
  readonly to: bigint
  /**
   * The event at the offset before `to`, or what tells its record from others where it is foreign. Undefined where no record
   * was between: then the one before stays.
   */
  readonly lastEventId: string | undefined
  /** When the store took that event, or when its foreign record was written. */
  readonly lastRecordedAt: Date | undefined
  /** Whether records before `to` were tried alone: how often is forgotten with the move. @defaultValue false */
  readonly tried?: boolean
  /**
   * Whether what follows is tried with suspicion: whoever takes the lane there next, though it was not given back, takes it
   * with suspicion, too. @defaultValue false
   */
  readonly suspected?: boolean
}

/** Last applied versions per stream name, within the batch's transaction. */
export interface Guards {
  versions(streams: readonly string[]): Promise<Map<string, number>>
  advance(versions: ReadonlyMap<string, number>): Promise<void>
}

export interface BatchScope<Tx> {
  readonly tx: Tx
  readonly guards: Guards
  readonly topics: TopicMemory
  /** Undefined where this generation has no letters and nothing was discarded: then there is nothing to look up. */
  readonly parked: Parking | undefined
  /** Where letters go. */
  readonly parking: Parking
}

/** A lane that does not go on by itself. */
export interface WaitingLane extends Lane {
  readonly reason: string
  /** When that was noted first. */
  readonly since: Date
}

/**
 * - `committed`: rows, guards and checkpoint moved together
 * - `fenced`: the lane was taken by another owner, or moved; nothing was kept
 * - `held`: a swap waits for readers, so nothing may move now; nothing was kept
 */
export const MOVE_OUTCOMES = ['committed', 'fenced', 'held'] as const
export type MoveOutcome = (typeof MOVE_OUTCOMES)[number]

/** Which keys with letters. */
export interface AskedKeys {
  /** At most so many. */
  readonly limit: number
  /** Topics whose letters count each, when they have no key, as `topic/partition@offset`. */
  readonly apart: readonly string[]
  /** Only letters of the last so many records of their lane; undefined: all. */
  readonly ofLast: number | undefined
}

/** Checkpoints and guards, beside the rows that subscribers write. */
export interface CheckpointStore<Tx> {
  /**
   * Takes a lane by raising its epoch, which fences whoever had it. `retired` when this generation is neither live nor
   * being built any more, so nobody may feed it, or not by a build of this definition.
   */
  take(subscriber: SubscriberRef, lane: Lane): Promise<TakenLane | 'retired'>

  /** Runs `work` in one transaction that first moves the checkpoint. When `work` throws, nothing is kept. */
  move(
    subscriber: SubscriberRef,
    move: CheckpointMove,
    work: (scope: BatchScope<Tx>) => Promise<void>,
  ): Promise<MoveOutcome>

  /** Gives a lane back in order: whoever takes it next need not suspect what comes next. Nothing for one that was lost. */
  giveBack(subscriber: SubscriberRef, lane: Lane, epoch: bigint): Promise<void>

  /**
   * Counts that the record at this offset is about to be tried alone, and answers how often it was, this time among them.
   * It is committed before this resolves, so that an attempt which kills the process counts.
   */
  countAttempt(subscriber: SubscriberRef, lane: Lane, offset: bigint): Promise<CountedAttempt>

  /** A try that was counted did not come to an end for a reason that was not the record's. */
  takeBackAttempt(subscriber: SubscriberRef, lane: Lane, offset: bigint): Promise<void>

  /** The tries of records before this offset do not count any more. */
  forgetAttempts(subscriber: SubscriberRef, lane: Lane, before: bigint): Promise<void>

  /** Keys with letters that something is wrong with. */
  failedKeys(subscriber: SubscriberRef, asked: AskedKeys): Promise<readonly string[]>

  /** How many letters this generation has, with what the first one says. */
  letters(subscriber: SubscriberRef): Promise<LetterTally>

  /** Notes that a lane waits, and why, until it is moved: since when does not change. Nothing for one that was lost. */
  wait(subscriber: SubscriberRef, lane: Lane, epoch: bigint, reason: string): Promise<void>

  /** The lanes of this generation that wait. */
  waiting(subscriber: SubscriberRef): Promise<readonly WaitingLane[]>

  /** Runs `work` in one transaction that moves no checkpoint: for events that do not come from a lane. */
  backfill(subscriber: SubscriberRef, work: (scope: BatchScope<Tx>) => Promise<void>): Promise<void>

  /** Sets where lanes will go on, for a generation that nobody feeds yet. */
  begin(subscriber: SubscriberRef, positions: readonly LanePosition[]): Promise<void>

  /** Where every lane of this generation stands. */
  positions(subscriber: SubscriberRef): Promise<readonly LanePosition[]>

  /** A stream of which `subscriber` has applied less than generation `than`, if there is any. */
  behind(subscriber: SubscriberRef, than: number): Promise<StreamBehind | undefined>
}
