import type { StoredEvent } from '../core/envelope.js'
import { readEvent, type EventTypes } from '../core/event-reading.js'
import type { EventReader } from '../core/ports/event-reader.js'
import type { Failpoints } from '../core/ports/failpoints.js'
import type { Logger } from '../core/ports/logger.js'
import { streamName } from '../core/stream.js'
import type { LogRecord } from '../log/index.js'
import { applyUnparked } from './apply-unparked.js'
import type { BatchScope } from './checkpoint-store.js'
import { type FetchMissing, inSequence } from './guard.js'
import type { Letter, ParkedFailure } from './parking.js'
import type { Subscriber } from './subscriber.js'

/** An event before its payload is read, from a topic or from the store. */
export type UnreadEvent = Omit<StoredEvent, 'position'>

/** Told of letters before they are written, in the transaction that writes them; throws where they must not be. */
export type AdmitLetters = (letters: readonly Letter[]) => void

/** How events become letters. */
export interface Parks {
  /** By id, of those that are parked in the place of being applied. */
  readonly failures: ReadonlyMap<string, ParkedFailure>
  /** Why all others are parked as well. @defaultValue they are applied */
  readonly rest?: ParkedFailure | undefined
  /** The record that an event came in, or would have come in. */
  recordOf(event: UnreadEvent): LogRecord
  /** @defaultValue every letter may be written */
  readonly admit?: AdmitLetters
}

/** What applying needs beside the batch. */
export interface Applying<Tx> {
  readonly subscriber: Subscriber<Tx>
  readonly eventTypes: EventTypes
  /** Fetches what the source skipped. */
  readonly history: EventReader
  readonly logger: Logger
  /** Gives what the source skipped, in the place of the history, where that is out of reach. */
  readonly fetchMissing?: FetchMissing<UnreadEvent>
  /** Not given, an event of a key that has letters is applied all the same. */
  readonly parks?: Parks
  /** One event after the other, so that a failure says which event it was. @defaultValue false */
  readonly alone?: boolean
  readonly failpoints?: Failpoints
}

/**
 * Applies delivered events inside a batch's transaction, each version of a stream once and in order, and moves the
 * guards on, also over those that are parked or were discarded. Only events that the subscriber handles are read. Answers
 * how many it was given.
 *
 * @throws {@link EventNotReadable} at a type that this build does not know: it may matter to it
 */
export async function applyInSequence<Tx>(
  scope: BatchScope<Tx>,
  delivered: readonly UnreadEvent[],
  applying: Applying<Tx>,
): Promise<number> {
  const { guards } = scope
  const { eventTypes, parks, fetchMissing = fromHistory(applying) } = applying
  const versions = await guards.versions([...new Set(delivered.map(({ stream }) => streamName(stream)))])
  const sequence = await inSequence<UnreadEvent>(delivered, versions, fetchMissing)
  const unknown = sequence.find(
    ({ type, eventId }) => !eventTypes.has(type) && parks?.failures.has(eventId) !== true,
  )
  if (unknown !== undefined) readEvent(unknown, eventTypes)
  const applied = await applyUnparked(scope, sequence, applying)
  const touched = new Set(sequence.map(({ stream }) => streamName(stream)))
  await guards.advance(new Map([...versions].filter(([stream]) => touched.has(stream))))
  return applied
}

function fromHistory<Tx>({ subscriber, history, logger }: Applying<Tx>): FetchMissing<UnreadEvent> {
  return (stream, from, to) => {
    const facts = { subscriber: subscriber.name, stream: streamName(stream), from, to }
    logger.warn(facts, 'versions of a stream were not delivered; they are read from the store')
    return history.versions(stream, from, to)
  }
}
