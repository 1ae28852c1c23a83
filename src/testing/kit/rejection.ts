import { type ErrorCode, RepriseError } from '../../core/errors/index.js'
import { type Difference, differences, nothing } from './differences.js'

/** A class that an error can be an instance of, however it is made. */
export type ErrorClass = abstract new (...values: never[]) => Error

/** What a rejection should be. What is not given is not looked at. */
export interface RejectionFacts {
  /** A class that the error must be an instance of. */
  readonly error?: ErrorClass
  /** A string must be all of the message; a pattern must match some of it. */
  readonly message?: string | RegExp
  /** The facts named here must be equal; others may be there. */
  readonly facts?: Readonly<Record<string, unknown>>
}

/** What a rejection should be, in short: its class, its whole message, a pattern of it, or several of these. */
export type RejectionExpectation = ErrorClass | string | RegExp | RejectionFacts

/** The expectation that a command is rejected, made by {@link rejected}. */
export class Rejection {
  readonly facts: RejectionFacts

  constructor(facts: RejectionFacts) {
    this.facts = facts
  }
}

/**
 * Expects a command to be rejected: by its handler with a {@link CommandRejected}, or because the stream is not as the
 * handler expects it. What a handler throws beside that is a defect and no rejection, unless its class is named here.
 *
 * @example
 * given(Account, [opened]).when(withdraw).then(rejected('the balance does not cover it', { balance: 0n }))
 */
export function rejected(expectation: RejectionExpectation = {}, facts?: RejectionFacts['facts']): Rejection {
  const expected = factsOf(expectation)
  return new Rejection(facts === undefined ? expected : { ...expected, facts })
}

function factsOf(expectation: RejectionExpectation): RejectionFacts {
  if (typeof expectation === 'function') return { error: expectation }
  if (typeof expectation === 'string' || expectation instanceof RegExp) return { message: expectation }
  return expectation
}

const REJECTIONS: readonly ErrorCode[] = [
  'REPRISE_COMMAND_REJECTED',
  'REPRISE_AGGREGATE_NOT_FOUND',
  'REPRISE_WRONG_EXPECTED_VERSION',
  'REPRISE_STREAM_CLOSED',
]

/** Whether an error refuses a command, and is no defect. */
export function isRejection(error: Error): boolean {
  return RepriseError.is(error) && REJECTIONS.includes(error.code)
}

/** In what an error is not the rejection that was expected. */
export function rejectionDifferences(found: Error, expected: RejectionFacts): readonly Difference[] {
  const list: Difference[] = []
  const { error, message, facts = {} } = expected
  const foundClass = found.constructor.name
  if (error !== undefined && !(found instanceof error))
    list.push({ path: 'class', found: foundClass, expected: error.name })
  if (message !== undefined && !fits(found.message, message))
    list.push({ path: 'message', found: found.message, expected: message })
  const foundFacts = RepriseError.is(found) ? found.facts : {}
  for (const [name, value] of Object.entries(facts))
    list.push(
      ...differences(Object.hasOwn(foundFacts, name) ? foundFacts[name] : nothing, value, `facts.${name}`),
    )
  return list
}

function fits(message: string, expected: string | RegExp): boolean {
  return typeof expected === 'string' ? message === expected : message.search(expected) >= 0
}
