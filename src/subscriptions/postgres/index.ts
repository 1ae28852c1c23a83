/** Checkpoints and guards in the read database. */
export { PostgresCheckpointStore } from './checkpoint-store.js'
export type { ReadTransaction } from './checkpoint-store.js'
export { PostgresDeadLetters } from './dead-letters.js'
export { PostgresOrderedFeed, type PostgresOrderedFeedOptions } from './ordered-feed.js'
export { pruneSeenEvents, type PruneSeenEvents } from './prune-seen-events.js'
