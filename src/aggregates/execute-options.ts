import { textProblem } from '../core/fields/string.js'
import { timestamp } from '../core/fields/timestamp.js'
import type { Violation } from '../core/fields/violation.js'
import { type OptionNames, unknownOptions } from '../core/option-names.js'
import type { CallersTransaction } from '../core/ports/callers-transaction.js'
import type { ExpectedVersion, StreamRef } from '../core/stream.js'

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
  /**
   * A transaction of the caller's own, on the database of the store: the append becomes part of it, and counts, as does
   * the receipt, only once it has committed. Nothing is retried then: a rival is a {@link WrongExpectedVersion}, after
   * which the transaction can be used on. In one that is REPEATABLE READ or SERIALIZABLE a rival is the driver's
   * error with SQLSTATE 40001 instead: only another transaction sees what the rival did.
   */
  readonly tx?: CallersTransaction
}

/** Proof of an accepted command; plain JSON, so that it can travel to another process and be waited for there. */
export interface Receipt {
  /** The stream's name, `account-576`. */
  readonly stream: string
  /** The stream's version after the command. */
  readonly version: number
  readonly commandId: string
}

/** Proof of commands that were accepted as one: plain JSON, like a {@link Receipt}. */
export interface GroupReceipt {
  /** Every stream that the group appended to, in the order of the commands, with its version afterwards. */
  readonly streams: readonly { readonly stream: string; readonly version: number }[]
  readonly commandId: string
}

/** A stream that was only read, and how it was found: a receipt says the same, so it can be passed on as it is. */
export interface ExpectedStream {
  /** Its name, as a receipt has it, or its type and id. */
  readonly stream: string | StreamRef
  readonly version: ExpectedVersion
}

/** What a caller may say about commands that are executed as one. */
export interface ExecuteAllOptions extends Omit<ExecuteOptions, 'expect'> {
  /** Streams that were only read: the group is decided and stored only while each is at the version given. */
  readonly expect?: readonly ExpectedStream[]
}

/** Of both kinds of options. */
const NAMES: OptionNames<ExecuteOptions & ExecuteAllOptions> = {
  commandId: true,
  expect: true,
  occurredAt: true,
  correlationId: true,
  causationId: true,
  actor: true,
  tx: true,
}
const IDS = ['commandId', 'correlationId', 'causationId', 'actor'] as const
const LONGEST_ID = 200
const NAMED_EXPECTATIONS: readonly unknown[] = ['noStream', 'streamExists', 'any']

/** What is wrong with the options of one command or of several; they come from outside. */
export function optionViolations(options: Omit<ExecuteOptions, 'expect'>): readonly Violation[] {
  return [
    ...unknownOptions(options, NAMES).map((path) => ({ path, problem: 'is no option' })),
    ...IDS.flatMap((name) => idViolations(name, options[name])),
    ...(options.occurredAt === undefined ? [] : timestamp().check(options.occurredAt, 'occurredAt')),
  ]
}

/** Why `expected` is not a version to be expected. */
export function expectationViolations(path: string, expected: unknown): readonly Violation[] {
  if (NAMED_EXPECTATIONS.includes(expected)) return []
  if (typeof expected === 'number' && Number.isSafeInteger(expected) && expected >= 0) return []
  return [{ path, problem: 'must be a version from 0 on, noStream, streamExists or any' }]
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
