import type { CommandInstance } from '../core/command.js'
import { AggregateNotFound, WrongExpectedVersion } from '../core/errors/index.js'
import type { EventInstance } from '../core/event.js'
import { type ExpectedVersion, expectationHolds, type StreamRef } from '../core/stream.js'
import type { CommandHandlerModel } from './aggregate-model.js'
import type { LoadedAggregate } from './aggregate-repository.js'
import { takeUncommitted } from './aggregate-root.js'
import type { Context } from './context.js'

/**
 * What a command comes to, on the state it was decided on. A refusal may be due to a state that is out of date; so may
 * a defect, which is one as well.
 */
export type Decision = { readonly events: readonly EventInstance[] } | { readonly refusal: Error }

/**
 * Decides a command on a loaded aggregate, which carries the decided events afterwards. A refusal is a
 * {@link WrongExpectedVersion} or {@link AggregateNotFound}, or what the handler threw.
 */
export function decide(
  { aggregate, version }: LoadedAggregate,
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
    const result = handler.run.call(aggregate, command, context)
    if (result instanceof Promise) throw new AsynchronousHandler(handler)
    return { events: takeUncommitted(aggregate) }
  } catch (error) {
    return { refusal: error instanceof Error ? error : new Error(String(error), { cause: error }) }
  }
}

/** Deciding is synchronous: a promise would let other commands in between. */
class AsynchronousHandler extends Error {
  constructor({ command, method }: CommandHandlerModel) {
    super(`the handler ${method} of ${command.type} returned a promise: handlers must be synchronous`)
  }
}
