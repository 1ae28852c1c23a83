// The words and rules that all of the framework shares: events, commands, streams, fields, errors. No I/O.
export { Command, type CommandClass, type CommandInstance, type CommandType } from './command.js'
export { DomainEvent, type EventClass, type EventInstance, type EventType } from './event.js'
export { defineContract } from './contract.js'
export type {
  Contract,
  ContractGuard,
  ContractOptions,
  ContractRecord,
  ForeignEvent,
  ReadForeign,
} from './contract.js'
export type { Duration } from './duration.js'
export type { Envelope, Metadata, ReservationChange, StoredEvent } from './envelope.js'
export type { EventSource, EventSourceClass, EventSourceRef, EventsOf } from './event-source.js'
export type { ServiceToken } from './service-token.js'
export { type ExpectedVersion, type StreamRef, streamName } from './stream.js'
export type {
  AsynchronousMethodDecorator,
  InstanceMethodContext,
  SynchronousMethodDecorator,
  TypedClassDecorator,
} from './decorator-types.js'
