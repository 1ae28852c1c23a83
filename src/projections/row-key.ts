import type { Envelope } from '../core/envelope.js'
import { InvalidValue } from '../core/errors/index.js'
import type { EventInstance } from '../core/event.js'
import { textProblem } from '../core/fields/string.js'
import { streamIdProblem, streamName } from '../core/stream.js'
import { HandlerFailed } from '../subscriptions/index.js'
import type { KeyedEnvelope } from './fold.js'
import type { TableProjectionModel } from './projection-model.js'

/** The events that belong to a row, with its key; the others are passed by. */
export function keyedEnvelopes(
  model: TableProjectionModel,
  envelopes: readonly Envelope<EventInstance>[],
): readonly KeyedEnvelope[] {
  return envelopes.flatMap((envelope) => {
    const key = rowKeyOf(model, envelope)
    return key === undefined ? [] : [{ key, envelope }]
  })
}

/**
 * The key of the row that an event belongs to: what the projection's key gives, or else the id of the event's stream.
 * Undefined when that key gives undefined: the event belongs to no row.
 *
 * @throws {@link HandlerFailed} with the event whose key no row can have: it is no text, empty, longer than 512 bytes,
 * cannot be stored, or does not fit the key's column
 */
export function rowKeyOf(model: TableProjectionModel, envelope: Envelope<EventInstance>): string | undefined {
  const { keyOf } = model
  try {
    if (keyOf === undefined) return fittingStreamId(model, envelope)
    const key: unknown = keyOf(envelope.event, envelope)
    const problem = key === undefined ? undefined : keyProblem(model, key)
    if (problem === undefined) return key as string | undefined
    throw new InvalidValue(`what key of projection ${model.name} gave for ${envelope.type}`, [
      { path: '', problem },
    ])
  } catch (error) {
    // What makes a key asks nobody for anything: it would do the same again.
    throw new HandlerFailed(envelope, error, false)
  }
}

/**
 * Behind whose letters an event waits in a projection with a key of its own: that of its row, or where it belongs to none,
 * its stream.
 *
 * @throws {@link HandlerFailed} as {@link rowKeyOf}
 */
export function sequenceKeyOf(model: TableProjectionModel, envelope: Envelope<EventInstance>): string {
  const key = model.keyOf === undefined ? undefined : rowKeyOf(model, envelope)
  return key ?? streamName(envelope.stream)
}

function fittingStreamId(model: TableProjectionModel, { stream }: Envelope<EventInstance>): string {
  const problem = keyProblem(model, stream.id)
  if (problem === undefined) return stream.id
  throw new InvalidValue(`the row of projection ${model.name}`, [
    { path: model.key, problem: `is the id of the stream here, and ${problem}` },
  ])
}

function keyProblem({ columns, key: path }: TableProjectionModel, key: unknown): string | undefined {
  const problem = textProblem(key) ?? streamIdProblem(key as string)
  if (problem !== undefined) return problem
  // Postgres knows several spellings of a uuid, and would give back another one than was asked for.
  return columns.find(({ name }) => name === path)?.field.check(key, path)[0]?.problem
}
