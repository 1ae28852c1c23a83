import type { CommandInstance, CommandType } from '../core/command.js'
import type { IfFitting, Synchronous } from '../core/decorator-types.js'
import { record } from '../core/definition-metadata.js'
import type { EventInstance, EventType } from '../core/event.js'
import type { Fields } from '../core/fields/index.js'
import { recordMethods } from '../core/method-definitions.js'
import type { AggregateClass } from './aggregate-model.js'
import type { AggregateClassOf, AggregateOptions, HandlerParameters, HandlesOptions } from './decorators.js'

/** The commands that a method can handle: of its first parameter's type, or any if it has none. */
type CommandsFor<M> = M extends (...parameters: HandlerParameters<infer C>) => unknown
  ? IfFitting<Synchronous<M>, CommandType<C & CommandInstance>>
  : 'is not a method that can take (command, context)'

/** The events that a method can apply. */
type EventsFor<M> = M extends (event: infer E) => unknown
  ? IfFitting<Synchronous<M>, EventType<E & EventInstance>>
  : 'is not a method that can take (event)'

/** Methods that handle commands, by name. */
export type HandledBy<A> = {
  readonly [K in keyof A & string]?: CommandsFor<A[K]> | readonly [CommandsFor<A[K]>, HandlesOptions]
}

/** Methods that apply events, by name. */
export type AppliedBy<A> = { readonly [K in keyof A & string]?: EventsFor<A[K]> }

/** What {@link defineAggregate} is told: what the decorators say. */
export interface AggregateDefinition<
  A,
  Events extends readonly EventType[],
  F extends Fields = Fields,
> extends AggregateOptions<Events, F> {
  /** The commands of the methods that handle one, as `@Handles` says. */
  readonly handles?: HandledBy<A>
  /** The events of the methods that apply one, as `@Applies` says. */
  readonly applies?: AppliedBy<A>
}

/**
 * Makes a class an aggregate without decorators: it says the same as `@Aggregate`, `@Handles` and `@Applies`, and the
 * methods that it names must be public. Only records, once for a class; what is wrong is reported when the app starts.
 * Returns the class.
 *
 * @example
 * export class Account extends AggregateRoot<AccountOpened | MoneyDeposited> {
 *   private balance = 0n
 *   open({ owner }: OpenAccount, { now }: Context) { this.emit(new AccountOpened({ owner, openedAt: now })) }
 *   deposit({ amount }: DepositMoney) { this.emit(new MoneyDeposited({ amount })) }
 *   opened() {}
 *   deposited({ amount }: MoneyDeposited) { this.balance += amount }
 * }
 *
 * defineAggregate(Account, {
 *   name: 'account',
 *   events: [AccountOpened, MoneyDeposited],
 *   handles: { open: [OpenAccount, { expect: 'noStream' }], deposit: DepositMoney },
 *   applies: { opened: AccountOpened, deposited: MoneyDeposited },
 * })
 */
export function defineAggregate<
  K extends AggregateClass,
  const Events extends readonly EventType[],
  F extends Fields = never,
>(
  aggregateClass: K & AggregateClassOf<Events, F>,
  definition: AggregateDefinition<InstanceType<K>, Events, F>,
): K {
  const { handles, applies, ...options } = definition
  recordMethods(aggregateClass, 'Handles', handles)
  recordMethods(aggregateClass, 'Applies', applies)
  record(aggregateClass, { classes: [{ decorator: 'Aggregate', options }] })
  return aggregateClass
}
