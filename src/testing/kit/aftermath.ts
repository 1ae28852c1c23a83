import type { AggregateModel } from '../../aggregates/index.js'
import type { ReservationChange } from '../../core/envelope.js'
import { RepriseError } from '../../core/errors/index.js'
import type { EventInstance } from '../../core/event.js'
import { assertionError, indented } from './assertion.js'
import type { Outcome } from './deciding.js'
import { describe, eventDifferences, shown } from './difference.js'
import { type Difference, differences } from './differences.js'
import { isRejection, rejectionDifferences, type RejectionFacts } from './rejection.js'

/** The state that an aggregate declares, whose values must all be expected. */
export type DeclaredState<A> = A extends { state(): infer S } ? S : never

/** What else can be expected of a command, after its events or its rejection. */
export class Aftermath<A> {
  readonly #model: AggregateModel
  readonly #outcome: Outcome

  constructor(model: AggregateModel, outcome: Outcome) {
    this.#model = model
    this.#outcome = outcome
  }

  /** Expects the state that the aggregate declares to be this, after the command. */
  thenState(expected: DeclaredState<A>): this {
    requireState(this.#model, this.#outcome.aggregate, expected)
    return this
  }

  /** Expects the command to reserve and release these values, in this order. */
  thenReserved(expected: readonly ReservationChange[]): this {
    const { decision } = this.#outcome
    const found = 'refusal' in decision ? [] : decision.reservations
    requireNone(differences(found, expected), `${this.#command} reserved other values than expected`, {
      actual: found,
      expected,
    })
    return this
  }

  /** Expects the command to close the stream. */
  thenClosed(): this {
    const { decision } = this.#outcome
    if ('refusal' in decision || !decision.closes)
      throw assertionError(`${this.#command} did not close the stream`, { actual: false, expected: true })
    return this
  }

  /** Expects these events and no others, in this order. */
  requireEvents(expected: readonly EventInstance[]): this {
    const { decision, handler } = this.#outcome
    if (!('refusal' in decision)) {
      const { events } = decision
      const found = eventDifferences(events, expected)
      requireNone(found, `${this.#command} led to other events than expected`, { actual: events, expected })
      return this
    }
    const { refusal } = decision
    const what = isRejection(refusal)
      ? `${this.#command} was rejected, but events were expected`
      : `the handler ${handler.method} of ${this.#command} failed`
    throw assertionError(`${what}\n${indented(told(refusal))}`, { actual: refusal, expected }, refusal)
  }

  /** Expects a rejection with these facts. */
  requireRejection(expected: RejectionFacts): this {
    const { decision, handler } = this.#outcome
    if (!('refusal' in decision)) {
      const events = decision.events.map(shown).join(', ') || 'no events'
      throw assertionError(
        `${this.#command} was accepted, but a rejection was expected\n  it led to ${events}`,
        {
          actual: decision.events,
          expected,
        },
      )
    }
    const { refusal } = decision
    const compared = { actual: refusal, expected }
    if (!isRejection(refusal) && expected.error === undefined) {
      const what = `the handler ${handler.method} of ${this.#command} failed, which is no rejection`
      throw assertionError(`${what}\n${indented(told(refusal))}`, compared, refusal)
    }
    const found = rejectionDifferences(refusal, expected)
    requireNone(found, `${this.#command} was rejected for another reason than expected`, compared, refusal)
    return this
  }

  get #command(): string {
    return this.#outcome.handler.command.type
  }
}

/** @throws an AssertionError when the aggregate declares no state, or another one than expected */
export function requireState({ name, state }: AggregateModel, aggregate: object, expected: unknown): void {
  if (state === undefined)
    throw assertionError(`${name} declares no state: add state to its @Aggregate, or expect events only`)
  const actual = state.get.call(aggregate)
  requireNone(differences(actual, expected), `${name} is in another state than expected`, {
    actual,
    expected,
  })
}

function requireNone(
  found: readonly Difference[],
  message: string,
  compared: { readonly actual: unknown; readonly expected: unknown },
  cause?: Error,
): void {
  if (found.length > 0) throw assertionError(`${message}\n${indented(describe(found))}`, compared, cause)
}

function told(error: Error): string {
  const facts = RepriseError.is(error) && Object.keys(error.facts).length > 0 ? ` ${shown(error.facts)}` : ''
  return `${error.name}: ${error.message}${facts}`
}
