import type { LanePosition } from '../subscriptions/index.js'

/** A build of a projection, with tables of its own. */
export interface Generation {
  readonly projection: string
  readonly generation: number
  /** The schema that holds its tables. */
  readonly schema: string
}

/** Which generations of a projection there are. */
export interface GenerationStatus {
  readonly live: Generation
  readonly building: number | undefined
  readonly declaredVersion: number
  readonly state: 'running' | 'stopped'
  /** What stopped the live generation. */
  readonly failure: string | undefined
}

export interface StreamProgress {
  /** The last version applied; 0 before the first. */
  readonly version: number
  readonly failure: string | undefined
}

/** A session that reads, or may be reading, rows as they were before a swap: the swap waits for it. */
export interface OpenReader {
  readonly pid: number
  readonly application: string
  readonly user: string
  /** Seconds since its transaction began. Undefined where the database hides that from this role. */
  readonly age: number | undefined
}

/** The generations of one projection, and the views that readers see of the live one. */
export interface Generations {
  /**
   * The live generation, for this build to feed; the first one is created where there is none.
   *
   * @throws {@link DefinitionError} when the live one was built from another definition, which this build would spoil
   */
  ensureLive(): Promise<Generation>

  status(): Promise<GenerationStatus | undefined>

  /** Runs one rebuild of this projection at a time, across all processes; a second one is a {@link RebuildInProgress}. */
  whileRebuilding<T>(rebuild: () => Promise<T>): Promise<T>

  /**
   * Creates {@link nextGeneration}, empty, at the beginning of its topics. One that a killed rebuild left behind is
   * dropped, and its number not used again: whoever may still work on it can neither feed nor swap the new one.
   */
  createBuilding(): Promise<Generation>

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
   * Makes a generation the one that readers see, in one transaction, and fences the old one. `blocked` when readers held
   * the views longer than a few milliseconds: nothing was changed, try again. The old one must be held.
   *
   * @throws {@link RebuildRefused} when it is not, or not live any more
   */
  swap(from: number, to: number): Promise<'swapped' | 'blocked'>

  /** How far the live generation has come with one stream, and what stopped it, if anything did. */
  progressOf(stream: string): Promise<StreamProgress>

  /** Notes that a generation stopped, or runs again. */
  setState(generation: number, state: 'running' | 'stopped', failure?: string): Promise<void>
}

/** The number of the generation that a rebuild would build now. */
export function nextGeneration({ live, building }: GenerationStatus): number {
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
