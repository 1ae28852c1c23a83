// Reprise: event sourcing and CQRS on Postgres and Kafka. All that a team imports to write its app.

// Events and commands are classes built from their fields.
export { Command, DomainEvent, streamName } from './core/index.js'
export type {
  CommandClass,
  CommandInstance,
  CommandType,
  Envelope,
  EventClass,
  EventInstance,
  EventSource,
  EventSourceClass,
  EventType,
  ExpectedVersion,
  Metadata,
  StoredEvent,
  StreamRef,
  SynchronousMethodDecorator,
  TypedClassDecorator,
} from './core/index.js'

// A field gives its value a TypeScript type, a check at run time and a lossless form in JSON and SQL.
export {
  boolean,
  date,
  enumeration,
  int,
  long,
  optional,
  string,
  timestamp,
  uuid,
} from './core/fields/index.js'
export type { Field, FieldKind, Fields, JsonValue, Mutable, Values, Violation } from './core/fields/index.js'

// Aggregates decide on commands and emit events.
export { Aggregate, AggregateRoot, Applies, Handles } from './aggregates/index.js'
export type {
  AggregateClass,
  AggregateOptions,
  Context,
  Expectation,
  HandlesOptions,
  TopicOptions,
} from './aggregates/index.js'

// Projections turn events into read models.
export { Projection, Projects, SqlProjection, TableProjection } from './projections/index.js'
export type {
  CreateTables,
  Delivery,
  ProjectionClass,
  ProjectionOptions,
  ProjectsDecorator,
  ReadRow,
  Row,
  TableDefinition,
  TableProjectionClass,
  TableProjectionInstance,
} from './projections/index.js'

// An app is what is started, and what the command line loads.
export { defineApp, type AppDefinition, type AppOptions } from './app/definition.js'
export { Reprise } from './app/reprise.js'
export type { App, Counters, RunningProjections, Surroundings } from './app/app.js'
export type { ResetReport } from './app/reset.js'
export type { StartOptions } from './app/settings.js'
export type { Duration } from './app/duration.js'
export type { ExecuteOptions, Receipt } from './aggregates/execute-options.js'
export type { Logger } from './core/ports/logger.js'

// Every error has a stable code and the facts needed to act on it.
export {
  AggregateNotFound,
  CommandIdReused,
  CommandRejected,
  ConfigurationError,
  DatabaseTooNew,
  DatabaseTooOld,
  DatabaseUnreachable,
  DefinitionError,
  type ErrorCode,
  errorCodes,
  type EventAddress,
  EventNotReadable,
  InvalidValue,
  LogMismatch,
  LogUnavailable,
  OutcomeUnknown,
  ProjectionStopped,
  RebuildInProgress,
  RebuildRefused,
  RepriseError,
  StoreMismatch,
  TimedOut,
  TopicMissing,
  WrongExpectedVersion,
} from './core/errors/index.js'
