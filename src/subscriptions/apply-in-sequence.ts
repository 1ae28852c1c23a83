import type { StoredEvent } from '../core/envelope.js'
import { readEvent, type EventTypes } from '../core/event-reading.js'
import type { EventReader } from '../core/ports/event-reader.js'
import type { Logger } from '../core/ports/logger.js'
import { streamName } from '../core/stream.js'
import type { BatchScope } from './checkpoint-store.js'
import { inSequence } from './guard.js'
import type { Subscriber } from './subscriber.js'

/** An event before its payload is read, from a topic or from the store. */
export type UnreadEvent = Omit<StoredEvent, 'position'>

/** What applying needs beside the batch. */
export interface Applying<Tx> {
  readonly subscriber: Subscriber<Tx>
  readonly eventTypes: EventTypes
  /** Fetches what the source skipped. */
  readonly history: EventReader
  readonly logger: Logger
}

/**
 * Applies delivered events inside a batch's transaction, each version of a stream once and in order, and moves the
 * guards on. Only events that the subscriber handles are read. Answers how many those were.
 */
export async function applyInSequence<Tx>(
  { tx, guards }: BatchScope<Tx>,
  delivered: readonly UnreadEvent[],
  { subscriber, eventTypes, history, logger }: Applying<Tx>,
): Promise<number> {
  const versions = await guards.versions([...new Set(delivered.map(({ stream }) => streamName(stream)))])
  const sequence = await inSequence<UnreadEvent>(delivered, versions, (stream, from, to) => {
    const facts = { subscriber: subscriber.name, stream: streamName(stream), from, to }
    logger.warn(facts, 'versions of a stream were not delivered; they are read from the store')
    return history.versions(stream, from, to)
  })
  const handled = sequence.filter(({ type }) => subscriber.handles.has(type))
  await subscriber.apply(
    tx,
    handled.map((event) => readEvent(event, eventTypes)),
  )
  const touched = new Set(sequence.map(({ stream }) => streamName(stream)))
  await guards.advance(new Map([...versions].filter(([stream]) => touched.has(stream))))
  return handled.length
}
