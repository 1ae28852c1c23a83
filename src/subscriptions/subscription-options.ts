import type { EventEncoding } from '../core/event-encoding.js'
import type { ProjectionStopped } from '../core/errors/index.js'
import type { SchemaStore } from '../core/ports/schema-store.js'
import type { Lane } from '../log/index.js'
import type { Applying } from './apply-in-sequence.js'
import type { CheckpointStore, WaitingLane } from './checkpoint-store.js'
import type { AlarmPauses } from './gap-alarm.js'
import type { Letter } from './parking.js'
import type { TopicRules } from './topic-rules.js'

/** Where a partition begins and ends now. */
export interface LaneBounds {
  readonly earliest: bigint
  readonly end: bigint
}

/** Pauses between tries of one event, in milliseconds: each about twice as long as the one before, up to the longest. */
export interface PausesOfTries {
  readonly first: number
  readonly longest: number
}

export interface SubscriptionOptions<Tx> extends Omit<Applying<Tx>, 'fetchMissing' | 'parks' | 'alone'> {
  readonly checkpoints: CheckpointStore<Tx>
  readonly encoding: EventEncoding
  /** Records of any other store are refused. */
  readonly storeId: string
  /** The rules of topics that are not the app's own, by topic. */
  readonly foreignTopics?: ReadonlyMap<string, TopicRules>
  readonly boundsOf: (lane: Lane) => Promise<LaneBounds>
  /** Offsets of the app's own lanes have gaps: of their log, or between positions of the store. @defaultValue false */
  readonly gaps?: boolean
  /** Whether the same work, done again, can succeed. */
  readonly isTransient: (error: unknown) => boolean
  /**
   * Milliseconds for which a time-out of the database at one record is taken for one that passes, and not for a failure of
   * its handler; longer where no other event is applied either. @defaultValue 60000
   */
  readonly timeOutPatience?: number
  /** What other releases write. @defaultValue what this build does not know, nobody does */
  readonly schemas?: SchemaStore
  /** How often an event is tried alone before it is parked. @defaultValue 5 */
  readonly attempts?: number
  /** Between these tries. @defaultValue from 20 milliseconds to a second */
  readonly pauses?: PausesOfTries
  /** Told once, when an event or its topic makes going on impossible. */
  readonly onStopped: (error: ProjectionStopped) => void
  /** Told when this generation is not to be fed any more: another one is live. */
  readonly onRetired: () => void
  /** Told after each commit, with the number of events that the subscriber was given. */
  readonly onApplied: (lane: Lane, events: number) => void
  /** Told when a lane waits for versions that the whole of its topic does not have now, again each time it has looked. */
  readonly onWaiting?: (lane: WaitingLane) => void
  /** Told when a try failed at what passes by itself: it is made again. */
  readonly onTransient?: (lane: Lane, error: unknown) => void
  /** Told after an event was parked because it failed, not for those that wait behind it. */
  readonly onParked?: (lane: Lane, letter: Pick<Letter, 'sequenceKey' | 'failure'>) => void
  /** How often the log says that a lane waits. */
  readonly alarmPauses?: AlarmPauses
}
