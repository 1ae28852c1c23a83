/** The outbox in the store's database, and the ways out of it. */
export { PostgresEventsByPosition } from './events-by-position.js'
export { MoveWithinPostgres } from './move-within-postgres.js'
export { OUTBOX_SCOPE, PostgresOutbox } from './outbox.js'
