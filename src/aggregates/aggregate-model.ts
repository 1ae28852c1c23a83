import type { CommandType } from '../core/command.js'
import type { DecoratedMethod } from '../core/decorated-method.js'
import type { EventInstance, EventType } from '../core/event.js'
import type { Fields } from '../core/fields/index.js'
import type { ServiceToken } from '../core/service-token.js'
import type { AggregateRoot } from './aggregate-root.js'

/** A class whose instances are aggregates, each made from the id of its stream alone. */
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

/** What a policy may decide by: the version just stored, and how many events lie behind the last snapshot. */
export interface SnapshotFacts {
  readonly version: number
  readonly eventsSince: number
}

/** When a snapshot is taken. A policy is asked after an append, off the path of the command. */
export type SnapshotPolicy = { readonly every: number } | ((facts: SnapshotFacts) => boolean)

/** The declared state of an aggregate: what snapshots keep and what time travel shows. */
export interface StateModel {
  /** Raised when the fields change their meaning: snapshots of other versions are ignored. */
  readonly version: number
  readonly fields: Fields
  /** Undefined: no snapshot is ever taken. */
  readonly snapshots: SnapshotPolicy | undefined
  /** Both called with the aggregate as `this`. */
  readonly get: DecoratedMethod
  readonly restore: DecoratedMethod
}

/** A step that fetches facts for a command before it is decided. */
export interface PreparationModel {
  readonly command: CommandType
  readonly method: string
  /** Milliseconds after which it has failed. */
  readonly timeout: number
  /** Called with the command and `{ signal }`, an instance of its class as `this`. */
  readonly run: DecoratedMethod
}

/** A class of preparing steps. Its instance is made with the services that it lists in `inject`. */
export type PreparationsClass = new (...services: never[]) => object

/** A class of preparing steps, checked. */
export interface PreparationsModel {
  readonly preparationsClass: PreparationsClass
  /** Tokens of the services that its constructor takes, in order. */
  readonly inject: readonly ServiceToken[]
  readonly steps: readonly PreparationModel[]
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
  /** Undefined where none is declared. */
  readonly state: StateModel | undefined
}
