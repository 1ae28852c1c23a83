/** The log in Postgres itself: real topics without a broker. */
export { PostgresLog } from './postgres-log.js'
export type { PostgresLogOptions } from './postgres-log.js'
export { EventsMissing, placeRecords } from './place-records.js'
export type { Placement } from './place-records.js'
