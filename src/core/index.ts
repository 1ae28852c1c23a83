// The words and rules that all of the framework shares: events, commands, streams, fields, errors. No I/O.
export { Command, type CommandClass, type CommandInstance, type CommandType } from './command.js'
export { DomainEvent, type EventClass, type EventInstance, type EventType } from './event.js'
export type { Envelope, Metadata, StoredEvent } from './envelope.js'
export type { EventSource, EventSourceClass } from './event-source.js'
export { type ExpectedVersion, type StreamRef, streamName } from './stream.js'
export type { SynchronousMethodDecorator, TypedClassDecorator } from './decorator-types.js'
