import { type AggregateClass, aggregateModelFor, AggregateRoot } from '../../aggregates/index.js'
import type { EventsOf } from '../../core/event-source.js'
import { type EventInstance, eventTypeOf, isEvent } from '../../core/event.js'
import type { Fields } from '../../core/fields/index.js'
import { type AnyAggregate, GivenAggregate, type GivenOptions } from './aggregate-scenario.js'
import { assertionError } from './assertion.js'
import { shown } from './difference.js'
import type { GivenEvents } from './envelopes.js'
import { GivenProjection, type ProjectionOptions, type TableProjectionOf } from './projection-scenario.js'
import { tableModelFor } from './projection-model-for.js'

/**
 * Begins a test of an aggregate, by the events that happened to it before.
 *
 * Nothing but the classes is needed: no app, no database. All is synchronous, and what is not as expected throws an
 * AssertionError, which every test runner knows. Handlers and appliers are run twice, the second time on another day,
 * and must give the same: what reads the clock, draws by chance or keeps something of its own is found. State behind a #
 * is seen only as far as the declared state shows it. A test that ends before its `then` expects nothing, and nobody can
 * see that it does: end each with one.
 *
 * @throws {@link DefinitionError} with every fault of the class
 *
 * @example
 * given(Account, [new AccountOpened({ owner: 'Ada' }), new MoneyDeposited({ amount: 5n })])
 *   .when(new WithdrawMoney({ accountId: '576', amount: 6n }))
 *   .then(rejected('the balance does not cover it', { balance: 5n }))
 *
 * @example
 * given(Account, [], { takenByOthers: [['owner', 'Ada']] })
 *   .when(new OpenAccount({ accountId: '576', owner: 'Ada' }))
 *   .then(rejected(ReservationRefused, { scope: 'owner' }))
 */
export function given<A extends AnyAggregate>(
  aggregate: new (id: string) => A,
  history?: readonly EventsOf<A>[],
  options?: GivenOptions,
): GivenAggregate<A>
/**
 * Begins a test of a projection into one table, by the events that it reads, in order. They are folded in memory, by what
 * folds them in an app; each handler runs twice, as for aggregates. For a projection that writes SQL there is
 * {@link givenInDatabase}.
 *
 * @throws {@link DefinitionError} with every fault of the class; an AssertionError when a handler fails, is not pure, or is
 * given what it could never get
 *
 * @example
 * given(Balances, [
 *   on('576', new AccountOpened({ owner: 'Ada' }), new MoneyDeposited({ amount: 5n })),
 *   on('577', new AccountOpened({ owner: 'Bob' })),
 * ]).then([
 *   { account_id: '576', balance: 5n },
 *   { account_id: '577', balance: 0n },
 * ])
 */
export function given<C extends Fields>(
  projection: TableProjectionOf<C>,
  events: GivenEvents,
  options?: ProjectionOptions,
): GivenProjection<C>
export function given(
  subject: AggregateClass | TableProjectionOf<Fields>,
  events: readonly EventInstance[] | GivenEvents = [],
  options: GivenOptions | ProjectionOptions = {},
): GivenAggregate<AnyAggregate> | GivenProjection<Fields> {
  if (isAggregate(subject)) {
    const history = historyFor(subject, events)
    return new GivenAggregate(aggregateModelFor(subject), history, options as GivenOptions)
  }
  return new GivenProjection(tableModelFor(subject), events as GivenEvents, options as ProjectionOptions)
}

/** What JavaScript may give. */
function historyFor({ name }: AggregateClass, events: unknown): readonly EventInstance[] {
  if (!Array.isArray(events)) {
    const example = isEvent(events) ? eventTypeOf(events) : 'SomethingHappened'
    throw assertionError(`the history of ${name} is given as a list of events: [new ${example}({ … })]`)
  }
  const stranger: unknown = events.find((event) => !isEvent(event))
  if (events.every(isEvent)) return events
  throw assertionError(`the history of ${name} holds what is no event: ${shown(stranger)}`)
}

function isAggregate(subject: AggregateClass | TableProjectionOf<Fields>): subject is AggregateClass {
  return subject.prototype instanceof AggregateRoot
}
