/** Checkpoints and guards in the read database. */
export { PostgresCheckpointStore } from './checkpoint-store.js'
export type { ReadTransaction } from './checkpoint-store.js'
