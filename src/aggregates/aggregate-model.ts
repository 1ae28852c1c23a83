import type { CommandType } from '../core/command.js'
import type { DecoratedMethod } from '../core/decorated-method.js'
import type { EventInstance, EventType } from '../core/event.js'
import type { AggregateRoot } from './aggregate-root.js'

/** A class of aggregates. Its instances are made from a stream's id alone. */
export type AggregateClass<E extends EventInstance = EventInstance> = new (id: string) => AggregateRoot<E>

export const expectations = ['noStream', 'streamExists', 'any'] as const
/** Whether a handler creates its aggregate, needs it to exist, or does not mind. */
export type Expectation = (typeof expectations)[number]

/** What the topic of an aggregate's events should be like. */
export interface TopicOptions {
  /** @defaultValue what the log gives by default */
  readonly partitions?: number
}

/** How an aggregate applies one type of event. */
export interface ApplierModel {
  readonly event: EventType
  readonly method: string
  /** Called with the event, the aggregate as `this`. */
  readonly run: DecoratedMethod
}

/** How an aggregate handles one type of command. */
export interface CommandHandlerModel {
  readonly command: CommandType
  readonly method: string
  readonly expect: Expectation
  /** Called with the command and its context, the aggregate as `this`. */
  readonly run: DecoratedMethod
}

/** Everything that the class of an aggregate says, checked. A plain value, which can also be made without decorators. */
export interface AggregateModel {
  readonly name: string
  readonly aggregateClass: AggregateClass
  /** By event type: all that the aggregate may ever emit. */
  readonly events: ReadonlyMap<string, EventType>
  /** By event type; one for each event. */
  readonly appliers: ReadonlyMap<string, ApplierModel>
  /** By command type. */
  readonly handlers: ReadonlyMap<string, CommandHandlerModel>
  readonly topic: TopicOptions
}
