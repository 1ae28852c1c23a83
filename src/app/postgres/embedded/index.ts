export { EmbeddedPostgresUnavailable } from './embedded-postgres-unavailable.js'
export { type EmbeddedOptions, type EmbeddedPostgres, startEmbeddedPostgres } from './embedded-postgres.js'
