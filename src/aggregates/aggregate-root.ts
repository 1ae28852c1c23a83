import type { ReservationChange } from '../core/envelope.js'
import { DefinitionError } from '../core/errors/definition-error.js'
import { InvalidValue } from '../core/errors/invalid-value.js'
import type { emits, EventSource } from '../core/event-source.js'
import { type EventInstance, eventTypeOf, isEvent } from '../core/event.js'
import { kindOf } from '../core/fields/kind-of.js'
import { nameFault } from '../core/names.js'
import { keyProblem } from '../core/text.js'
import type { AggregateClass } from './aggregate-model.js'
import { aggregateModelFor } from './read-aggregate-model.js'

/** Where an aggregate keeps what it has decided. A symbol, so that a user's class is free to use any name. */
const decided: unique symbol = Symbol('decided')

/** What a command came to on one aggregate, in the order of its handler's calls. */
export interface Decided<E extends EventInstance = EventInstance> {
  readonly events: readonly E[]
  readonly reservations: readonly ReservationChange[]
  /** Nothing may be appended to the stream after these events. */
  readonly closes: boolean
}

interface Deciding<E extends EventInstance> {
  events: E[]
  reservations: ReservationChange[]
  closes: boolean
}

/**
 * The base of every aggregate: one instance is one stream, and decides on its own. Handlers decide and
 * emit; appliers alone change state. It needs no container: `new Account('576')` is an account without
 * history that can be asked directly.
 *
 * `E` is the union of the events that it may emit.
 *
 * @example
 * @Aggregate({ name: 'account', events: [AccountOpened, MoneyDeposited] })
 * export class Account extends AggregateRoot<AccountOpened | MoneyDeposited> {
 *   private balance = 0n
 *
 *   @Handles(OpenAccount, { expect: 'noStream' })
 *   open({ owner }: OpenAccount, { now }: Context) {
 *     this.reserve('owner', owner)
 *     this.emit(new AccountOpened({ owner, openedAt: now }))
 *   }
 *
 *   @Applies(AccountOpened)
 *   opened() {}
 *
 *   @Applies(MoneyDeposited)
 *   deposited({ amount }: MoneyDeposited) { this.balance += amount }
 * }
 */
export abstract class AggregateRoot<E extends EventInstance> implements EventSource<E> {
  declare readonly [emits]: E
  readonly id: string;
  [decided]: Deciding<E> = nothingDecided()

  constructor(id: string) {
    this.id = id
  }

  /**
   * Applies an event at once, and records it to be stored with the others of its command. Nothing is
   * recorded if its applier throws.
   *
   * @throws {@link DefinitionError} for an event that the aggregate does not list or has no applier for, and for what is
   * no event
   */
  protected emit(event: E): void {
    if (!isEvent(event)) throw noEvent(this)
    replay(this, event)
    this[decided].events.push(event)
  }

  /**
   * Takes a value for this stream, such as an account number: no other stream holds it in the same scope from the
   * commit of this command's events until it is released. Where another one holds it, the command is refused with a
   * {@link ReservationRefused} and nothing is stored. What the stream holds already, it may reserve again.
   *
   * Part of the append, and kept with one of its events: a handler that reserves must emit an event as well. A scope is
   * named like a table, and is shared by all aggregates of the app; a value has 1 to 512 bytes.
   *
   * @throws {@link InvalidValue} for another scope or value
   */
  protected reserve(scope: string, value: string): void {
    this[decided].reservations.push(reservationChange('reserve', scope, value))
  }

  /**
   * Gives a value back that this stream holds: another one can take it as soon as this command's events are committed.
   * A command that releases what its stream does not hold is refused with a {@link ReservationRefused}. A handler that
   * releases must emit an event as well.
   *
   * @throws {@link InvalidValue} as {@link reserve} does
   */
  protected release(scope: string, value: string): void {
    this[decided].reservations.push(reservationChange('release', scope, value))
  }

  /**
   * Closes the stream with the events of this command: they are its last ones, and every later command for it is
   * refused with a {@link StreamClosed}. There is no way back. A handler that closes must emit an event as well, which
   * says so to everybody else.
   */
  protected closeStream(): void {
    this[decided].closes = true
  }
}

/** Applies an event that is already stored. Nothing is recorded. */
export function replay<E extends EventInstance>(aggregate: AggregateRoot<E>, event: E): void {
  const model = aggregateModelFor(aggregate.constructor as AggregateClass)
  const type = eventTypeOf(event)
  const applier = model.appliers.get(type)
  if (applier === undefined) {
    throw new DefinitionError([
      `aggregate ${model.name} does not list the event ${type}: add it to its events`,
    ])
  }
  const result = applier.run.call(aggregate, event)
  if (result instanceof Promise) {
    // Refused for being one: what it comes to is nobody's concern any more.
    result.catch(() => undefined)
    throw new DefinitionError([
      `aggregate ${model.name} applies ${type} asynchronously: appliers must be synchronous`,
    ])
  }
}

/**
 * Takes what the aggregate has decided since it was made or last asked. It counts as stored from then on. After a
 * handler that threw it must be taken too, and thrown away: else the next command would store it. The state that its
 * events led to is not taken back.
 */
export function takeDecision<E extends EventInstance>(aggregate: AggregateRoot<E>): Decided<E> {
  const taken = aggregate[decided]
  aggregate[decided] = nothingDecided()
  return taken
}

/** The events of {@link takeDecision}, which takes the rest as well. */
export function takeUncommitted<E extends EventInstance>(aggregate: AggregateRoot<E>): readonly E[] {
  return takeDecision(aggregate).events
}

function nothingDecided<E extends EventInstance>(): Deciding<E> {
  return { events: [], reservations: [], closes: false }
}

/** What JavaScript may emit; it is not shown, since it may hold what is nobody's business. */
function noEvent(aggregate: object): DefinitionError {
  const { name, events } = aggregateModelFor(aggregate.constructor as AggregateClass)
  const [example = 'SomethingHappened'] = events.keys()
  return new DefinitionError([
    `aggregate ${name} emits what is no event: make it of one of its event classes, as in this.emit(new ${example}({ … }))`,
  ])
}

function reservationChange(
  kind: ReservationChange['kind'],
  scope: unknown,
  value: unknown,
): ReservationChange {
  const valueProblem =
    typeof value === 'string' ? keyProblem(value) : `must be a string, not ${kindOf(value)}`
  const violations = [
    // Not the fault itself, which would show a value that was passed in the scope's place.
    ...(nameFault('scope', scope) === undefined
      ? []
      : [{ path: 'scope', problem: 'must be a name, like that of a table' }]),
    ...(valueProblem === undefined ? [] : [{ path: 'value', problem: valueProblem }]),
  ]
  if (violations.length > 0) throw new InvalidValue(kind, violations)
  return { kind, scope: scope as string, value: value as string }
}
