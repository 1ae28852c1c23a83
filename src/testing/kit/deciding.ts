import { type Decided, type Decision, decide } from '../../aggregates/decide.js'
import {
  type AggregateModel,
  type AggregateRoot,
  type CommandHandlerModel,
  replay,
} from '../../aggregates/index.js'
import { type CommandInstance, commandToJson, commandTypeOf, targetOf } from '../../core/command.js'
import { StreamClosed } from '../../core/errors/index.js'
import { type EventInstance, eventToJson, eventTypeOf } from '../../core/event.js'
import type { ExpectedVersion } from '../../core/stream.js'
import { assertionError, indented } from './assertion.js'
import { type ContextFacts, contextsOf } from './context.js'
import { describe, eventDifferences } from './difference.js'
import { differences } from './differences.js'
import { type HeldValues, refusalOf } from './held-values.js'
import { leaving, onBoth, requireEqual } from './twice.js'

type Aggregate = AggregateRoot<EventInstance>
type Pair = readonly [Aggregate, Aggregate]

/** An aggregate as its history left it. */
export interface History {
  readonly model: AggregateModel
  readonly events: readonly EventInstance[]
  readonly closed: boolean
  readonly held: HeldValues
}

/** What may be said about a command beside the command itself. */
export interface WhenOptions extends ContextFacts {
  /** The version at which the stream must be. @defaultValue what the handler says */
  readonly expect?: ExpectedVersion
}

/** What a command came to, and the aggregate made again from its history with it. */
export interface Outcome {
  readonly handler: CommandHandlerModel
  readonly decision: Decision
  readonly aggregate: Aggregate
}

/**
 * Decides a command on a history, as the command bus does, but twice on equal aggregates, the second time on another
 * day.
 *
 * @throws an AssertionError when the handler or one of the appliers is not pure, or nobody handles the command
 */
export function decideTwice(history: History, command: CommandInstance, options: WhenOptions): Outcome {
  const { model, events } = history
  const handler = handlerFor(model, command)
  const id = targetOf(command)
  const stream = { type: model.name, id }
  const pair = replayTwice(history, id)
  const closed = { refusal: new StreamClosed(stream) }
  if (history.closed) return { handler, decision: closed, aggregate: pair[0] }

  const what = `the handler ${handler.method} of ${handler.command.type}`
  const contextFor = contextsOf(options)
  const run = (aggregate: Aggregate): Decision =>
    decide({ aggregate, version: events.length }, stream, handler, command, contextFor(), options.expect)
  const decisions = leaving(
    what,
    () => commandToJson(command),
    () => onBoth(pair, run),
  )
  requireEqualDecisions(what, decisions)
  const decision = asStored(decisions[0], history.held)
  if ('refusal' in decision) return { handler, decision, aggregate: replayTwice(history, id)[0] }

  const [aggregate] = replayTwice({ ...history, events: [...events, ...decision.events] }, id)
  requireToldByEvents(what, model, pair[0], aggregate)
  return { handler, decision, aggregate }
}

/**
 * Two equal aggregates, made from a history.
 *
 * @throws an AssertionError when an applier is not pure
 */
export function replayTwice({ model, events }: History, id: string): Pair {
  const { aggregateClass, name } = model
  const pair = onBoth([aggregateClass, aggregateClass], (it) => new it(id))
  const compare = (what: string): void =>
    requireEqual(what, [stateOf(model, pair[0]), stateOf(model, pair[1])])
  compare(`what new ${aggregateClass.name}(…) makes`)
  for (const event of events) {
    const applier = model.appliers.get(eventTypeOf(event))
    const what = `the applier ${applier?.method ?? '?'} of ${eventTypeOf(event)} in ${name}`
    leaving(
      what,
      () => eventToJson(event),
      () => onBoth(pair, (one) => replay(one, event)),
    )
    compare(what)
  }
  return pair
}

/** What an aggregate shows of its state: its fields that are not hidden behind a #, and the state that it declares. */
function stateOf({ state }: AggregateModel, aggregate: Aggregate): object {
  const fields = Object.fromEntries(Object.entries(aggregate))
  return state === undefined ? fields : { ...fields, state: state.get.call(aggregate) }
}

/** What is decided may be refused yet, by what others hold. */
function asStored(decision: Decision, held: HeldValues): Decision {
  const refusal = 'refusal' in decision ? undefined : refusalOf(decision.reservations, held)
  return refusal === undefined ? decision : { refusal }
}

function handlerFor({ name, handlers }: AggregateModel, command: CommandInstance): CommandHandlerModel {
  const handler = handlers.get(commandTypeOf(command))
  if (handler !== undefined) return handler
  const known = [...handlers.keys()].join(', ') || 'none'
  throw assertionError(`${name} has no handler for ${commandTypeOf(command)}; it handles ${known}`)
}

function requireEqualDecisions(what: string, [first, second]: readonly [Decision, Decision]): void {
  if ('refusal' in first || 'refusal' in second) {
    requireEqual(what, [comparable(first), comparable(second)])
    return
  }
  requireEqual(what, [first.events, second.events], (found, expected) =>
    eventDifferences(found as Decided['events'], expected as Decided['events']),
  )
  requireEqual(what, [comparable(first), comparable(second)])
}

function comparable(decision: Decision): object {
  if (!('refusal' in decision)) return decision
  const { name, message } = decision.refusal
  return { rejected: { name, message, facts: 'facts' in decision.refusal ? decision.refusal.facts : {} } }
}

/** What a handler changes without an event is gone when the aggregate is loaded again. */
function requireToldByEvents(
  what: string,
  model: AggregateModel,
  decided: Aggregate,
  replayed: Aggregate,
): void {
  const found = differences(stateOf(model, decided), stateOf(model, replayed))
  if (found.length === 0) return
  const sides = { found: 'after the handler', expected: 'made again from the events' }
  throw assertionError(
    `${what} changes the state itself, which only appliers may do\n${indented(describe(found, sides))}`,
  )
}
