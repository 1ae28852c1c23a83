import { AssertionError } from 'node:assert'

/** What an assertion compared, for runners that show both values. */
export interface Compared {
  readonly actual: unknown
  readonly expected: unknown
}

/** A failed assertion, as every runner knows it: with both values, and a message that tells the difference. */
export function assertionError(
  message: string,
  compared: Compared = { actual: undefined, expected: undefined },
  cause?: unknown,
): AssertionError {
  // Under the name of one of its own operators Node would add a difference of its own to the message.
  const error = new AssertionError({ message, operator: 'as expected', ...compared })
  if (cause !== undefined)
    Object.defineProperty(error, 'cause', { value: cause, configurable: true, writable: true })
  return error
}

/** The lines of a text, set in below what they explain. */
export function indented(text: string): string {
  return text.replaceAll(/^/gm, '  ')
}

/**
 * What has a method `then` is taken for a promise by whoever awaits it, who would wait for ever: it passes two functions.
 *
 * @throws an AssertionError then
 */
export function refuseAwait(expectation: unknown, what: string): void {
  if (typeof expectation !== 'function') return
  throw assertionError(
    `${what} is no promise: call .then(…) on it with what you expect, and neither await nor return it before that`,
  )
}
