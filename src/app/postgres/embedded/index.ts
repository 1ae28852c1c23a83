export { findDataFolder } from './data-folder.js'
export { EmbeddedPostgresUnavailable } from './embedded-postgres-unavailable.js'
export { type EmbeddedOptions, type EmbeddedPostgres, startEmbeddedPostgres } from './embedded-postgres.js'
export { type EmbeddedState, inspectEmbeddedPostgres } from './inspect.js'
