import type { ParkedAt } from '../core/errors/index.js'
import type { OpenSession } from '../core/open-session.js'
import type { LanePosition } from '../subscriptions/index.js'

/** A build of a projection, with tables of its own. */
export interface Generation {
  readonly projection: string
  readonly generation: number
  /** The schema that holds its tables. */
  readonly schema: string
}

/** The live generation, as a build finds it that may feed it. */
export interface FedGeneration extends Generation {
  /** Whether this build is another than those that fed it before: a fix, since it keeps the version. */
  readonly isFix: boolean
}

/** Which generations of a projection there are. */
export interface GenerationStatus {
  readonly live: Generation
  /** Whether this build is known as one that may feed the live generation. */
  readonly admitted: boolean
  readonly building: number | undefined
  /** Whether the one that is being built is so from this build's definition. */
  readonly buildingIsOurs: boolean
  readonly declaredVersion: number
  readonly state: 'running' | 'stopped'
  /** What stopped the live generation. */
  readonly failure: string | undefined
}

export interface StreamProgress {
  /** The last version that is behind it, applied or not; 0 before the first. */
  readonly version: number
  /** The first letter of the stream that it waits behind. */
  readonly parked?: Omit<ParkedAt, 'stream'> | undefined
  readonly failure: string | undefined
}

/** A session that reads, or may be reading, rows as they were before a swap: the swap waits for it. */
export type OpenReader = OpenSession

/** The generations of one projection, and the views that readers see of the live one. */
export interface Generations {
  /**
   * The live generation, for this build to feed; the first one is created where there is none. A build that was never
   * seen is recorded with it: it fixes the same version.
   *
   * @throws {@link BuildRefused} when the live one was built from another definition, which this build would spoil, or
   * from a newer one than this build's
   */
  ensureLive(): Promise<FedGeneration>

  /**
   * Changes nothing.
   *
   * @throws {@link BuildRefused} as {@link ensureLive}
   */
  refuseMisfit(): Promise<void>

  status(): Promise<GenerationStatus | undefined>

  /** Runs one rebuild of this projection at a time, across all processes; a second one is a {@link RebuildInProgress}. */
  whileRebuilding<T>(rebuild: () => Promise<T>): Promise<T>

  /**
   * Creates {@link nextGeneration}, empty, at the beginning of its topics. One that a killed rebuild left behind is
   * dropped, and its number not used again: whoever may still work on it can neither feed nor swap the new one.
   */
  createBuilding(): Promise<Generation>

  /**
   * Whether {@link createBuilding} could build beside the live generation. Changes nothing.
   *
   * @throws {@link RebuildRefused} when the live one has other columns, or comes to its events in another way
   */
  refuseUnfit(): Promise<void>

  /** Drops a generation with its tables. The live one is refused. */
  drop(generation: number): Promise<void>

  /** Drops the generations older than this one. Answers which. */
  dropOlderThan(generation: number): Promise<readonly number[]>

  /**
   * Keeps a generation from moving for so many milliseconds, and answers where it stands. `blocked` when a batch under
   * way did not end within `patience` milliseconds: then nothing is held.
   */
  hold(
    generation: number,
    milliseconds: number,
    patience: number,
  ): Promise<readonly LanePosition[] | 'blocked'>

  /** Holds a generation for so many milliseconds from now. Does nothing once the hold has run out. */
  extendHold(generation: number, milliseconds: number): Promise<void>

  /** Lets a held generation move again, unless it is another one by now that it was held for. */
  letGo(generation: number, building: number): Promise<void>

  /** The time of the database, to compare snapshots with. */
  mark(): Promise<SnapshotMark>

  /** Sessions with a snapshot that was, or for all this role may see could have been, taken before the mark. */
  snapshotsBefore(mark: SnapshotMark): Promise<readonly OpenReader[]>

  /** Sessions with a transaction open that has read the views. */
  readersOfViews(): Promise<readonly OpenReader[]>

  /**
   * Makes a generation the one that readers see, in one transaction, and fences the old one. The old one must be held.
   *
   * @throws {@link RebuildRefused} when it is not, or not live any more
   */
  swap(from: number, to: number, mostLetters?: number): Promise<SwapOutcome>

  /** How far the live generation has come with one stream, and what stopped it, if anything did. */
  progressOf(stream: string): Promise<StreamProgress>

  /** Records the log whose offsets a generation's checkpoints are, unless one was before. Answers the recorded one. */
  claimLog(generation: number, identity: string): Promise<string>

  /** Notes that a generation stopped, or runs again. */
  setState(generation: number, state: 'running' | 'stopped', failure?: string): Promise<void>
}

/**
 * - `blocked`: readers held the views, or a batch its lane, longer than a few milliseconds; nothing was changed: try again
 * - `parked`: the new generation has more letters than it may have; nothing was changed
 */
export const SWAP_OUTCOMES = ['swapped', 'blocked', 'parked'] as const
export type SwapOutcome = (typeof SWAP_OUTCOMES)[number]

/** The number of the generation that a rebuild would build now. */
export function nextGeneration({ live, building }: Pick<GenerationStatus, 'live' | 'building'>): number {
  return (building ?? live.generation) + 1
}

/** A point in the database's history: whatever committed before it is visible to every snapshot taken after it. */
export interface SnapshotMark {
  readonly xid: string
  /** To the microsecond, which a Date would round away. */
  readonly at: string
}

/** `<app>_<projection>_g<n>`: where the tables of a generation are. */
export function generationSchema(app: string, projection: string, generation: number): string {
  return `${app}_${projection}_g${generation}`
}

/** `<app>.<projection>.g<n>`: the consumer group that feeds a generation; `<n>` stands for any. */
export function generationGroup(app: string, projection: string, generation: number | '<n>'): string {
  return `${app}.${projection}.g${generation}`
}
