/** Lanes, checkpoints and version guards: what projections and process managers share. */
export { MOVE_OUTCOMES } from './checkpoint-store.js'
export type {
  BatchScope,
  CheckpointMove,
  CheckpointStore,
  Guards,
  LanePosition,
  MoveOutcome,
  StreamBehind,
  SubscriberRef,
  TakenLane,
} from './checkpoint-store.js'
export { applyInSequence } from './apply-in-sequence.js'
export type { Applying, UnreadEvent } from './apply-in-sequence.js'
export { inSequence, VersionsMissing } from './guard.js'
export type { FetchMissing, Versioned } from './guard.js'
export { HandlerFailed } from './subscriber.js'
export type { Subscriber } from './subscriber.js'
export { Subscription } from './subscription.js'
export type { LaneBounds, SubscriptionOptions } from './subscription.js'
export { isTransientFailure } from './transient-failure.js'
