import type { CommandInstance } from '../core/command.js'
import { AggregateNotFound, DefinitionError, WrongExpectedVersion } from '../core/errors/index.js'
import { type ExpectedVersion, expectationHolds, type StreamRef } from '../core/stream.js'
import type { CommandHandlerModel } from './aggregate-model.js'
import type { LoadedAggregate } from './aggregate-repository.js'
import { type Decided, takeDecision } from './aggregate-root.js'
import type { Context } from './context.js'

export type { Decided }

/**
 * What a command comes to, on the state it was decided on. A refusal may be due to a state that is out of date; so may
 * a defect, which is one as well.
 */
export type Decision = Decided | { readonly refusal: Error }

/**
 * Decides a command on a loaded aggregate, which carries the decided events afterwards. A refusal is a
 * {@link WrongExpectedVersion} or {@link AggregateNotFound}, what the handler threw, or a {@link DefinitionError} when
 * it does what no handler may.
 */
export function decide(
  { aggregate, version }: Pick<LoadedAggregate, 'aggregate' | 'version'>,
  stream: StreamRef,
  handler: CommandHandlerModel,
  command: CommandInstance,
  context: Context,
  expect: ExpectedVersion = 'any',
): Decision {
  if (handler.expect === 'streamExists' && version === 0) return { refusal: new AggregateNotFound(stream) }
  for (const expected of [handler.expect, expect]) {
    if (!expectationHolds(expected, version))
      return { refusal: new WrongExpectedVersion(stream, expected, version) }
  }
  try {
    refusePromise(handler, handler.run.call(aggregate, command, context))
    const decided = takeDecision(aggregate)
    refuseUnrecorded(handler, decided)
    return decided
  } catch (error) {
    return { refusal: asError(error) }
  }
}

/** What was thrown, as an error. JavaScript may throw anything. */
export function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown), { cause: thrown })
}

/** Deciding is synchronous: a promise would let other commands in between. */
function refusePromise({ command, method }: CommandHandlerModel, result: unknown): void {
  if (!isThenable(result)) return
  // Nobody waits for it any more, and it may yet be rejected.
  if (result instanceof Promise) result.catch(() => undefined)
  throw new DefinitionError([
    `the handler ${method} of ${command.type} returned a promise: make it synchronous, and fetch what it needs ` +
      `in a step with @Prepares(${command.type})`,
  ])
}

function isThenable(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function'
}

/** History must tell of every reservation and of the end of a stream, and only events are history. */
function refuseUnrecorded({ command, method }: CommandHandlerModel, decided: Decided): void {
  if (decided.events.length > 0 || (decided.reservations.length === 0 && !decided.closes)) return
  const kinds = new Set<string>(decided.reservations.map(({ kind }) => `${kind}s`))
  if (decided.closes) kinds.add('closes')
  throw new DefinitionError([
    `the handler ${method} of ${command.type} ${[...kinds].join(' and ')} without emitting an event: ` +
      `emit the event that says why, so that history tells of it`,
  ])
}
