import type { Generation } from './generation.js'

/** A generation that a process feeds, and from which build. */
export interface Feeding extends Pick<Generation, 'projection' | 'generation'> {
  /** Of the build's definition. */
  readonly fingerprint: string
}

/** A process that feeds a generation. */
export interface Feeder extends Pick<Feeding, 'generation' | 'fingerprint'> {
  /** Which one, in words: its host and its number there. */
  readonly process: string
  readonly since: Date
}

/** Who feeds what now. Tells people; what may be written is told by checkpoints. */
export interface Feeders {
  /** Says that a process feeds these, and nothing else, for so many milliseconds from now. */
  renew(member: string, process: string, feeding: readonly Feeding[], milliseconds: number): Promise<void>

  /** Whoever feeds a generation of this projection. */
  of(projection: string): Promise<readonly Feeder[]>
}
