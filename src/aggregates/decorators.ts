import type { CommandInstance, CommandType } from '../core/command.js'
import type { SynchronousMethodDecorator, TypedClassDecorator } from '../core/decorator-types.js'
import { classRecorder, methodRecorder } from '../core/decorator-recorders.js'
import type { EventInstance, EventType } from '../core/event.js'
import type { Fields } from '../core/fields/index.js'
import type { AggregateClass, Expectation, SnapshotPolicy, TopicOptions } from './aggregate-model.js'
import type { Context } from './context.js'
import type { StateHolder, StateOptions } from './state.js'

/** What an aggregate's class says about the whole of it. `F` are the fields of its declared state. */
export interface AggregateOptions<Events extends readonly EventType[], F extends Fields = Fields> {
  /** Persisted: in stream ids and in the topic's name. It must never change; the class may be renamed. */
  readonly name: string
  /** All events that the aggregate may ever emit, those it no longer emits included. */
  readonly events: Events
  /** What the topic of its events should be like, when it is created. @defaultValue what the log gives by default */
  readonly topic?: TopicOptions
  /** What snapshots keep and time travel shows. The class has `state()` and `restore()` then, of these fields' types. */
  readonly state?: StateOptions<F>
  /**
   * When a snapshot of the state is taken: after every so many events, or when the function says so. Snapshots change
   * nothing but the time it takes to load an aggregate with a long history. Needs `state`. @defaultValue never
   */
  readonly snapshots?: SnapshotPolicy
}

/** What a handler says about the stream it decides on. */
export interface HandlesOptions {
  /** @defaultValue 'streamExists' */
  readonly expect?: Expectation
}

/** The classes that can be aggregates of these events and this state; `never` is no declared state. */
export type AggregateClassOf<Events extends readonly EventType[], F extends Fields> = [F] extends [never]
  ? AggregateClass<InstanceType<Events[number]>>
  : AggregateClass<InstanceType<Events[number]>> & (new (id: string) => StateHolder<F>)

/**
 * What handlers are called with. Any answer of a preparing step will do: which one a command has is not known here.
 */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- what a step answers is said by the handler
export type HandlerParameters<C> = [command: C, context: Context<any>]

/**
 * Makes a class an aggregate. `events` must cover what the class may emit. Only records: what is wrong is
 * reported when the app starts, all at once. Without decorators: {@link defineAggregate}.
 *
 * @example
 * @Aggregate({
 *   name: 'account',
 *   events: [AccountOpened, MoneyDeposited],
 *   state: { version: 1, fields: { balance: long() } },
 *   snapshots: { every: 100 },
 * })
 * export class Account extends AggregateRoot<AccountOpened | MoneyDeposited> {
 *   private balance = 0n
 *   state() { return { balance: this.balance } }
 *   restore({ balance }: StateOf<Account>) { this.balance = balance }
 * }
 */
export function Aggregate<const Events extends readonly EventType[], F extends Fields = never>(
  options: AggregateOptions<Events, F>,
): TypedClassDecorator<AggregateClassOf<Events, F>> {
  return classRecorder({ decorator: 'Aggregate', options })
}

/**
 * Makes a method the handler of a command: it decides, synchronously and from the aggregate's state, its
 * command and its context alone, by emitting events or throwing {@link CommandRejected}. It may run again
 * for the same command, when another command was stored first. A handler whose command has a `@Prepares` step takes
 * what that answered from its context, and names its type: `Context<Rates>`.
 *
 * @throws {@link DefinitionError} as a standard decorator, at once, on what is no method or has a # name
 *
 * @example
 * @Handles(DepositMoney)
 * deposit({ amount }: DepositMoney) { this.emit(new MoneyDeposited({ amount })) }
 */
export function Handles<C extends CommandInstance>(
  command: CommandType<C>,
  options: HandlesOptions = {},
): SynchronousMethodDecorator<HandlerParameters<C>> {
  return methodRecorder({ decorator: 'Handles', message: command, options })
}

/**
 * Makes a method the applier of an event: it changes the aggregate's state, synchronously and from the
 * event alone. It never refuses: what it applies has happened.
 *
 * @throws {@link DefinitionError} as a standard decorator, at once, on what is no method or has a # name
 *
 * @example
 * @Applies(MoneyDeposited)
 * deposited({ amount }: MoneyDeposited) { this.balance += amount }
 */
export function Applies<E extends EventInstance>(
  event: EventType<E>,
): SynchronousMethodDecorator<[event: E]> {
  return methodRecorder({ decorator: 'Applies', message: event, options: {} })
}
