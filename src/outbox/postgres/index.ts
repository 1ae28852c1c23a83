/** The outboxes in the databases of both sides, and the ways out of them. */
export { PostgresEventsByPosition } from './events-by-position.js'
export { MoveWithinPostgres } from './move-within-postgres.js'
export { PostgresOutbox, PostgresReadOutbox } from './outbox.js'
export { OUTBOX_SCOPE, readTables, storeTables } from './outbox-tables.js'
export type { OutboxTables } from './outbox-tables.js'
export { PostgresOutboxAdmin } from './outbox-admin.js'
export type { OutboxStatus, ParkedGroup, ParkedSelection, SlotStatus } from './outbox-admin.js'
