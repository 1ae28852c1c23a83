import type { StoredEvent } from '../core/envelope.js'
import type { Generation } from './generation.js'

/** How far a generation is that is being built. */
export interface AppliedUpTo {
  /** The position of the last event that it was built from; it has every event of its sources up to there. */
  readonly position: bigint
  /** Events that appends may be kept waiting for. */
  readonly most: number
}

/** What came of bringing a generation level. */
export type LevelOutcome =
  | { readonly outcome: 'level' }
  /** There were more than might be applied at once: it is up to here now. */
  | { readonly outcome: 'behind'; readonly position: bigint }
  /** Appends under way, or something else, did not end in time: nothing was changed. */
  | { readonly outcome: 'blocked' }

/** What the appends write of one inline projection. */
export interface InlineGenerations<Tx> {
  /**
   * Makes a generation that is being built one that appends write, beside the live one if there is one; else it is live,
   * and readers see it. No append to what it reads is under way meanwhile: `apply` gets the events that it has not applied
   * yet, and later appends write it themselves. Gives up when appends under way do not end within `patience` milliseconds,
   * for which later ones wait as well.
   *
   * @throws {@link RebuildRefused} when the generation is not being built any more, and what `apply` throws
   */
  level(
    building: Generation,
    applied: AppliedUpTo,
    patience: number,
    apply: (tx: Tx, events: readonly StoredEvent[]) => Promise<void>,
  ): Promise<LevelOutcome>

  /**
   * Ends that appends write another generation than the live one, so that it can be dropped. `blocked` when appends under
   * way, which may still write it, did not end within `patience` milliseconds; later ones do not write it in any case.
   */
  leaveLevel(patience: number): Promise<'left' | 'blocked'>

  /** Whether every append since the live generation was level has written it: builds without the projection are refused. */
  isRecorded(): Promise<boolean>
}
