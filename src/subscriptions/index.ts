/** Lanes, checkpoints and version guards: what projections and process managers share. */
export { MOVE_OUTCOMES } from './checkpoint-store.js'
export type {
  BatchScope,
  CheckpointMove,
  CheckpointStore,
  CountedAttempt,
  Guards,
  LanePosition,
  LetterTally,
  MoveOutcome,
  StreamBehind,
  SubscriberRef,
  TakenLane,
  WaitingLane,
} from './checkpoint-store.js'
export { checkpointsWith } from './checkpoints-with.js'
export { deadLetterTopic } from './dead-letter-topic.js'
export { applyInSequence } from './apply-in-sequence.js'
export type { Applying, UnreadEvent } from './apply-in-sequence.js'
export { digestOf } from './record-proof.js'
export type { ClaimedRecord, TopicEvent, TopicGuard, TopicRules } from './topic-rules.js'
export { inSequence, VersionsMissing } from './guard.js'
export type { FetchMissing, Versioned } from './guard.js'
export { eventsInOrder } from './events-in-order.js'
export type { EventsInOrderOptions, OrderedReading } from './events-in-order.js'
export type { OrderedFeed, OrderedSubscribeOptions } from './ordered-feed.js'
export { Backfilling } from './backfilling.js'
export type { BackfillingOptions } from './backfilling.js'
export { HandlerFailed } from './subscriber.js'
export type { GivenEvent, Subscriber } from './subscriber.js'
export type { Letter, ParkedEvent, ParkedFailure, Parking } from './parking.js'
export type {
  DeadLetter,
  DeadLetterStore,
  LetterCount,
  LetterError,
  LetterEvent,
  LetterGroup,
  LetterSelection,
  LetterSequence,
} from './dead-letters.js'
export type { JoinOptions, LaneProgress, LaneSource, LaneStatus, RecordedTopic } from './lane-source.js'
export { DeadLetters } from './letter-decisions.js'
export type {
  DeadLettersOptions,
  DecisionOptions,
  DiscardOptions,
  DiscardResult,
  LettersPlan,
  LiveGeneration,
  RetryOptions,
  RetryResult,
} from './letter-decisions.js'
export { LetterDiscard } from './letter-discard.js'
export type { DiscardedLetters, LetterDiscardOptions } from './letter-discard.js'
export { LetterRetry } from './letter-retry.js'
export type { LetterRetryOptions, RetriedSequence } from './letter-retry.js'
export { patiently } from './patiently.js'
export { recordedBounds } from './recorded-bounds.js'
export { TopicLanes } from './topic-lanes.js'
export type { TopicLanesOptions } from './topic-lanes.js'
export { Subscription } from './subscription.js'
export type { LaneBounds, SubscriptionOptions } from './subscription-options.js'
export { type WayOut, TopicChanged } from './topic-changed.js'
export { isTransientFailure } from './transient-failure.js'
