import type { CommandInstance, CommandType } from '../core/command.js'
import type { SynchronousMethodDecorator, TypedClassDecorator } from '../core/decorator-types.js'
import { classRecorder, methodRecorder } from '../core/definition-metadata.js'
import type { EventInstance, EventType } from '../core/event.js'
import type { AggregateClass, Expectation, TopicOptions } from './aggregate-model.js'
import type { Context } from './context.js'

/** What an aggregate's class says about the whole of it. */
export interface AggregateOptions<Events extends readonly EventType[]> {
  /** Persisted: in stream ids and in the topic's name. It must never change; the class may be renamed. */
  readonly name: string
  /** All events that the aggregate may ever emit, those it no longer emits included. */
  readonly events: Events
  readonly topic?: TopicOptions
}

/** What a handler says about the stream it decides on. */
export interface HandlesOptions {
  /** @defaultValue 'streamExists' */
  readonly expect?: Expectation
}

/**
 * Makes a class an aggregate. `events` must cover what the class may emit. Only records: what is wrong is
 * reported when the app starts, all at once.
 *
 * @example
 * @Aggregate({ name: 'account', events: [AccountOpened, MoneyDeposited] })
 * export class Account extends AggregateRoot<AccountOpened | MoneyDeposited> {}
 */
export function Aggregate<const Events extends readonly EventType[]>(
  options: AggregateOptions<Events>,
): TypedClassDecorator<AggregateClass<InstanceType<Events[number]>>> {
  return classRecorder({ decorator: 'Aggregate', options })
}

/**
 * Makes a method the handler of a command: it decides, synchronously and from the aggregate's state, its
 * command and its context alone, by emitting events or throwing {@link CommandRejected}. It may run again
 * for the same command, when another command was stored first.
 *
 * @example
 * @Handles(DepositMoney)
 * deposit({ amount }: DepositMoney) { this.emit(new MoneyDeposited({ amount })) }
 */
export function Handles<C extends CommandInstance>(
  command: CommandType<C>,
  options: HandlesOptions = {},
): SynchronousMethodDecorator<[command: C, context: Context]> {
  return methodRecorder({ decorator: 'Handles', message: command, options })
}

/**
 * Makes a method the applier of an event: it changes the aggregate's state, synchronously and from the
 * event alone. It never refuses: what it applies has happened.
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
