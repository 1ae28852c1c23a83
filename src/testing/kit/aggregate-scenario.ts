import type { AggregateModel, AggregateRoot } from '../../aggregates/index.js'
import { type CommandInstance, commandTypeOf, targetOf } from '../../core/command.js'
import type { ReservationChange } from '../../core/envelope.js'
import type { EventsOf } from '../../core/event-source.js'
import type { EventInstance } from '../../core/event.js'
import { Aftermath, type DeclaredState, requireState } from './aftermath.js'
import { assertionError, refuseAwait } from './assertion.js'
import { decideTwice, type History, replayTwice, type WhenOptions } from './deciding.js'
import { shown } from './difference.js'
import { requireOneHolder, type ReservedValue } from './held-values.js'
import { rejected, Rejection, type RejectionExpectation, type RejectionFacts } from './rejection.js'

/** What may be said about an aggregate beside its history. */
export interface GivenOptions {
  /** @defaultValue the target of the command */
  readonly id?: string
  /** Whether the history closed the stream. @defaultValue false */
  readonly closed?: boolean
  /**
   * What the aggregate has reserved before: a command that releases another value is rejected with a
   * {@link ReservationRefused}, as it is in an app. @defaultValue unknown, for events do not tell: any value may be released
   */
  readonly reserved?: readonly ReservedValue[]
  /** What others hold: a command that reserves or releases such a value is rejected in the same way. @defaultValue nothing */
  readonly takenByOthers?: readonly ReservedValue[]
}

/** An instance of any class of aggregates. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- what may be emitted stands in a parameter, where no type is the base of all
export type AnyAggregate = AggregateRoot<any>

/** An aggregate with a history, made by {@link given}. */
export class GivenAggregate<A extends AnyAggregate> {
  readonly #history: History
  readonly #id: string | undefined

  constructor(model: AggregateModel, events: readonly EventInstance[], options: GivenOptions) {
    const { id, closed = false, reserved, takenByOthers = [] } = options
    const held = { reserved, takenByOthers }
    requireOneHolder(held)
    this.#history = { model, events, closed, held }
    this.#id = id
  }

  /**
   * Decides a command on the aggregate, as an app would, but twice: handlers and appliers must be pure. The clock stands
   * still and ids are counted, where the options say nothing else.
   *
   * @throws an AssertionError that names the handler or applier which is not pure, and how that shows
   */
  when(command: CommandInstance, options: WhenOptions = {}): Decided<A> {
    const target = targetOf(command)
    if (this.#id !== undefined && this.#id !== target) {
      const whose = `${commandTypeOf(command)} is for ${shown(target)}`
      throw assertionError(`the aggregate's id is ${shown(this.#id)}, but ${whose}`)
    }
    const outcome = decideTwice(this.#history, command, options)
    return new Decided(new Aftermath(this.#history.model, outcome))
  }

  /** Expects the state that the aggregate declares to be this, after its history. */
  thenState(expected: DeclaredState<A>): void {
    const [aggregate] = replayTwice(this.#history, this.#id ?? 'given')
    requireState(this.#history.model, aggregate, expected)
  }
}

/** What a command came to. It is no promise, though it has a `then`, and says so to whoever awaits it. */
export class Decided<A extends AnyAggregate> {
  readonly #aftermath: Aftermath<A>

  constructor(aftermath: Aftermath<A>) {
    this.#aftermath = aftermath
  }

  /**
   * Expects these events, all of them and in this order, compared by type and every field; an empty list expects that
   * nothing happens. Or expects a rejection, made by {@link rejected}.
   *
   * @throws an AssertionError that names each event and each field that differs
   */
  then(expected: readonly EventsOf<A>[] | Rejection): Aftermath<A> {
    refuseAwait(expected, 'given(…).when(…)')
    return expected instanceof Rejection
      ? this.#aftermath.requireRejection(expected.facts)
      : this.#aftermath.requireEvents(expected)
  }

  /** Expects a rejection: `thenRejected(…)` is `then(rejected(…))`. */
  thenRejected(expectation?: RejectionExpectation, facts?: RejectionFacts['facts']): Aftermath<A> {
    return this.#aftermath.requireRejection(rejected(expectation, facts).facts)
  }

  /** As {@link Aftermath.thenState}. */
  thenState(expected: DeclaredState<A>): Aftermath<A> {
    return this.#aftermath.thenState(expected)
  }

  /** As {@link Aftermath.thenReserved}. */
  thenReserved(expected: readonly ReservationChange[]): Aftermath<A> {
    return this.#aftermath.thenReserved(expected)
  }

  /** As {@link Aftermath.thenClosed}. */
  thenClosed(): Aftermath<A> {
    return this.#aftermath.thenClosed()
  }
}
