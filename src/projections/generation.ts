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

/** A session whose snapshot may still need rows as they were: a swap waits for it. */
export interface OpenSnapshot {
  readonly pid: number
  readonly application: string
  readonly user: string
  /** Seconds since its transaction began. */
  readonly age: number
}

/** The generations of one projection, and the views that readers see of the live one. */
export interface Generations {
  /** The live generation; the first one is created where there is none. */
  ensureLive(): Promise<Generation>

  status(): Promise<GenerationStatus | undefined>

  /** Runs one rebuild of this projection at a time, across all processes; a second one is a {@link RebuildInProgress}. */
  whileRebuilding<T>(rebuild: () => Promise<T>): Promise<T>

  /** Creates the generation after the live one, empty, at the beginning of its topics. One left behind is dropped. */
  createBuilding(): Promise<Generation>

  drop(generation: number): Promise<void>

  /** Drops what is older than the generation that was live before this one. Answers what was dropped. */
  dropOlderThan(generation: number): Promise<readonly number[]>

  /** Keeps a generation from moving for so many milliseconds, and answers where it stands. */
  hold(generation: number, milliseconds: number): Promise<readonly LanePosition[]>

  /** Lets a held generation move again. */
  letGo(generation: number): Promise<void>

  /** The time of the database, to compare snapshots with. */
  mark(): Promise<SnapshotMark>

  /** Sessions with a snapshot taken before the mark. */
  snapshotsBefore(mark: SnapshotMark): Promise<readonly OpenSnapshot[]>

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

/** `<app>.<projection>.g<n>`: the consumer group that feeds a generation. */
export function generationGroup(app: string, projection: string, generation: number): string {
  return `${app}.${projection}.g${generation}`
}
