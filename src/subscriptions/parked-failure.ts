import { createHash } from 'node:crypto'
import { failureClassOf } from '../core/failure-class.js'
import type { ParkedFailure } from './parking.js'
import { HandlerFailed, UnnamedFailure } from './subscriber.js'

/** Longer ones are cut: a letter is looked at by people. */
const LONGEST_MESSAGE = 2_000
const LONGEST_STACK = 8_000

const uuids = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/gi
const quotations = /"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`[^`]*`/g
const numbers = /\d+/g

/** As what a failure that does not pass is parked. A handler's is its own, whatever it says. */
export function classToPark(error: unknown): ParkedFailure['class'] {
  if (error instanceof HandlerFailed || error instanceof UnnamedFailure) return 'handler'
  return failureClassOf(error) === 'contract' ? 'contract' : 'handler'
}

/** What is known of a failure beside the error. */
export interface FailureFacts {
  readonly class: ParkedFailure['class']
  /** Of the event, where that is known. */
  readonly type: string | undefined
  readonly attempts: number
  readonly firstFailedAt: Date
}

/** Why an event is parked, for the letter. Of what a handler threw: that, not that a handler threw. */
export function parkedFailureOf(error: unknown, { type, ...facts }: FailureFacts): ParkedFailure {
  const thrown = error instanceof HandlerFailed || error instanceof UnnamedFailure ? error.cause : error
  const { name, message, stack } =
    thrown instanceof Error ? thrown : { name: typeof thrown, message: String(thrown), stack: undefined }
  return {
    ...facts,
    name,
    message: message.slice(0, LONGEST_MESSAGE),
    stack: stack?.slice(0, LONGEST_STACK),
    fingerprint: fingerprintOf(name, message, type, stack),
  }
}

/** The same for failures that one correction would do away with, as far as can be told. */
function fingerprintOf(
  name: string,
  message: string,
  type: string | undefined,
  stack: string | undefined,
): string {
  const said = message.replace(uuids, '<id>').replace(quotations, '<text>').replace(numbers, '<n>')
  const facts = JSON.stringify([name, said, type ?? '', functionIn(stack)])
  return createHash('sha256').update(facts).digest('hex').slice(0, 16)
}

/** The function that threw, leaving out those of packages and of Node. Lines change with every edit: its name says more. */
function functionIn(stack: string | undefined): string {
  const frames = stack?.split('\n').filter((line) => /^\s*at /.test(line)) ?? []
  const own = frames.find((line) => !line.includes('node_modules') && !line.includes('node:')) ?? ''
  return /^\s*at (?:async )?(?:new )?(.+?) \(/.exec(own)?.[1] ?? ''
}

/** As what letters name what ended a process. */
export const PROCESS_DIED = 'ProcessDied'

/** What ended a process leaves no error behind, nor does a failure that its process did not live to note. */
export class ProcessDied extends Error {
  override readonly name = PROCESS_DIED

  constructor(times: number) {
    super(
      `the event was not settled in ${times} tries, the last of which ended its process or could not be noted: look for what exhausts memory, never ends, or exits, and in the log for what it failed with`,
    )
    // It was not thrown where the fault is.
    this.stack = ''
  }
}

/** As what a letter is noted before it is retried by itself: so it stays where its process dies at that. */
export class RetryNotEnded extends Error {
  override readonly name = PROCESS_DIED

  /** `before`: what the letter failed with until then; undefined for one that only waited. */
  constructor(before: Pick<ParkedFailure, 'name' | 'message' | 'stack'> | undefined) {
    const until =
      before === undefined
        ? 'it only waited for an earlier letter of its key'
        : `${before.name}: ${before.message}`
    super(
      `a start began to retry the event, and has not ended that, or could not note it: where no process is at it now, look for what exhausts memory, never ends, or exits; until then: ${until}`,
    )
    // It was not thrown where the fault is.
    this.stack = before?.stack ?? ''
  }
}
