import { InvalidValue } from '../core/errors/index.js'
import { textProblem } from '../core/fields/string.js'
import { timestamp } from '../core/fields/timestamp.js'
import type { Violation } from '../core/fields/violation.js'
import type { ExpectedVersion } from '../core/stream.js'

/** What a caller may say about a command beside the command itself. */
export interface ExecuteOptions {
  /**
   * Makes a retry safe: the same id with the same command is answered with the first outcome and appends nothing.
   * 1 to 200 characters. @defaultValue a new id
   */
  readonly commandId?: string
  /** A condition on the stream beside the handler's own; when it does not hold: {@link WrongExpectedVersion}. */
  readonly expect?: ExpectedVersion
  /** When it happened in the domain, for what is recorded late. @defaultValue the command's `now` */
  readonly occurredAt?: Date
  /** The same for everything that one request from outside led to. @defaultValue the command id */
  readonly correlationId?: string
  /** The id of the event or command that led to this one. @defaultValue the command id */
  readonly causationId?: string
  /** Who asks for it. */
  readonly actor?: string
}

/** Proof of an accepted command; plain JSON, so that it can travel to another process and be waited for there. */
export interface Receipt {
  /** The stream's name, `account-576`. */
  readonly stream: string
  /** The stream's version after the command. */
  readonly version: number
  readonly commandId: string
}

const IDS = ['commandId', 'correlationId', 'causationId', 'actor'] as const
const LONGEST_ID = 200

/** Checks what came from outside, all of it at once. @throws {@link InvalidValue} */
export function acceptOptions(options: ExecuteOptions): ExecuteOptions {
  const violations = [
    ...IDS.flatMap((name) => idViolations(name, options[name])),
    ...dateViolations(options.occurredAt),
  ]
  if (violations.length > 0) throw new InvalidValue('execute', violations)
  return options
}

function idViolations(path: string, id: unknown): readonly Violation[] {
  if (id === undefined) return []
  const problem = textProblem(id)
  if (problem !== undefined) return [{ path, problem }]
  const { length } = id as string
  return length === 0 || length > LONGEST_ID
    ? [{ path, problem: `must have 1 to ${LONGEST_ID} characters` }]
    : []
}

function dateViolations(occurredAt: unknown): readonly Violation[] {
  return occurredAt === undefined ? [] : timestamp().check(occurredAt, 'occurredAt')
}
