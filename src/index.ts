// Reprise: event sourcing and CQRS on Postgres and Kafka. All that a team imports to write its app.

// Events and commands are classes built from their fields.
export { Command, DomainEvent, streamName } from './core/index.js'
export type {
  AsynchronousMethodDecorator,
  CommandClass,
  CommandInstance,
  CommandType,
  Envelope,
  EventClass,
  EventInstance,
  EventSource,
  EventSourceClass,
  EventSourceRef,
  EventsOf,
  EventType,
  ExpectedVersion,
  InstanceMethodContext,
  Metadata,
  ReservationChange,
  ServiceToken,
  StoredEvent,
  StreamRef,
  SynchronousMethodDecorator,
  TypedClassDecorator,
} from './core/index.js'

// A field gives its value a TypeScript type, a check at run time and a lossless form in JSON and SQL.
export {
  array,
  boolean,
  bytes,
  date,
  decimal,
  double,
  enumeration,
  int,
  long,
  map,
  optional,
  record,
  string,
  timestamp,
  timestampMicros,
  uuid,
} from './core/fields/index.js'
export type {
  Field,
  FieldKind,
  Fields,
  JsonOf,
  JsonValue,
  Mutable,
  ValueOf,
  Values,
  Violation,
} from './core/fields/index.js'

// Aggregates decide on commands and emit events.
export { Aggregate, AggregateRoot, Applies, defineAggregate, Handles } from './aggregates/index.js'
export type {
  AggregateClass,
  AggregateDefinition,
  AggregateOptions,
  AppliedBy,
  Context,
  Expectation,
  HandledBy,
  HandlesOptions,
  SnapshotFacts,
  SnapshotPolicy,
  StateHolder,
  StateOf,
  StateOptions,
  TopicOptions,
} from './aggregates/index.js'

// Preparing steps fetch facts before a command is decided.
export { definePreparations, Preparations, Prepares } from './aggregates/index.js'
export type {
  PreparationContext,
  PreparationsClass,
  PreparationsDefinition,
  PreparationsOptions,
  PreparesOptions,
} from './aggregates/index.js'

// Projections turn events into read models.
export {
  defineProjection,
  Projection,
  Projects,
  SqlProjection,
  TableProjection,
} from './projections/index.js'
export type {
  Across,
  CreateTables,
  Delivery,
  ProjectedBy,
  ProjectionClass,
  ProjectionDefinition,
  ProjectionOptions,
  ProjectsDecorator,
  ReadRow,
  Row,
  TableDefinition,
  TableProjectionClass,
  TableProjectionInstance,
} from './projections/index.js'

// Effects act on events in the world outside.
export { defineEffects, Effects, On } from './processes/index.js'
export type {
  ActingOn,
  Beginning,
  EffectContext,
  EffectsClass,
  EffectsDefinition,
  EffectsOptions,
  OnDecorator,
} from './processes/index.js'

// A contract is what an app reads of another team's topic.
export { defineContract } from './core/index.js'
export type {
  Contract,
  ContractGuard,
  ContractOptions,
  ContractRecord,
  ForeignEvent,
  ReadForeign,
} from './core/index.js'
export { readCloudEvent } from './contracts/index.js'

// An app is what is started, and what the command line loads.
export {
  defineApp,
  type AppDefinition,
  type AppOptions,
  type ConsumingDefinition,
  type ConsumingOptions,
} from './app/definition.js'
export { Reprise, type StartApp } from './app/reprise.js'
export type { ConsumingApp, ConsumingProjections } from './app/consuming/consuming-app.js'
export type {
  AnySqlProjection,
  App,
  EventsOptions,
  PositionedEvent,
  ReadableTable,
  RunningProjections,
  StatefulAggregateClass,
  StateAt,
  StopOptions,
} from './app/app.js'
export type { Counters, Surroundings } from './app/app-facts.js'
export type {
  Answer,
  Direction,
  PageAnswer,
  PageOptions,
  QueryOn,
  QueryOptions,
  TableQueryOptions,
} from './app/reading/query-options.js'
export type {
  CommandsHealth,
  ComponentFacts,
  ComponentHealth,
  ComponentState,
  EffectsHealth,
  FedFacts,
  HealthReport,
  HealthStatus,
  LaneHealth,
  LastError,
  LettersHealth,
  OpenTransaction,
  OutboxFacts,
  OutboxHealth,
  ProjectionHealth,
  ServerHealth,
  Stall,
  Wait,
} from './app/health/report.js'
export {
  stopOnSignals,
  type StopOnSignalsOptions,
  type Stoppable,
  type StopSignal,
} from './app/stop-on-signals.js'
export type { AsOf } from './projections/index.js'
export type { ResetReport } from './app/reset.js'
export type { Role } from './app/roles.js'
export type { ServiceContainer } from './app/services.js'
export type { StartOptions } from './app/settings.js'
export type { Duration } from './app/duration.js'
export type {
  ExecuteAllOptions,
  ExpectedStream,
  ExecuteOptions,
  GroupReceipt,
  Receipt,
} from './aggregates/execute-options.js'
export type { HistoryPoint, InstantKind, StateAtPoint } from './aggregates/time-travel.js'
export type { CallersTransaction } from './core/ports/callers-transaction.js'

export type { LogKind } from './log/index.js'
export type { Logger } from './core/ports/logger.js'

// Every error has a stable code and the facts needed to act on it.
export {
  AggregateNotFound,
  AppStopped,
  BuildRefused,
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
  OverloadedError,
  PayloadTooLarge,
  EventParked,
  NothingParked,
  ParkingCeilingReached,
  ProjectionStopped,
  InlineProjectionFailed,
  InlineProjectionUnknown,
  RebuildInProgress,
  RebuildRefused,
  RepriseError,
  type RepriseErrorOptions,
  ReservationRefused,
  StopTimedOut,
  StoreMismatch,
  StreamClosed,
  TimedOut,
  TopicMissing,
  WrongExpectedVersion,
} from './core/errors/index.js'
