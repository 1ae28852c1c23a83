import type { EventAddress } from '../core/errors/index.js'
import { EventNotReadable } from '../core/errors/index.js'
import type { EventEncoding, ReceivedEvent } from '../core/event-encoding.js'
import { streamName } from '../core/stream.js'
import type { LogRecord } from '../log/index.js'
import { VersionsMissing } from './guard.js'
import { RecordRefused } from './record-refused.js'
import { HandlerFailed } from './subscriber.js'

/** What a failure says about the event that it happened at. */
interface FailedEvent {
  readonly stream: string
  readonly version: number
  readonly eventId?: string
  readonly type?: string
}

/**
 * How many records come before the one that a batch failed at; undefined when the failure does not say. A version that
 * the topic skipped fails at the record that made it be fetched.
 */
export function recordsBefore(
  error: unknown,
  records: readonly LogRecord[],
  encoding: EventEncoding,
): number | undefined {
  if (error instanceof RecordRefused) return records.indexOf(error.record)
  const failed = failedEvent(error)
  if (failed === undefined) return undefined
  const index = records.findIndex((record) => {
    const received = decoded(record, encoding)
    return (
      received !== undefined &&
      streamName(received.stream) === failed.stream &&
      received.version >= failed.version
    )
  })
  return index < 0 ? undefined : index
}

/** Where the event is that failed at this record. Nothing, when the record cannot even be decoded. */
export function addressOf(
  error: unknown,
  record: LogRecord,
  encoding: EventEncoding,
): EventAddress | undefined {
  const received = decoded(record, encoding)
  if (received === undefined) return undefined
  const { topic, partition, offset } = record
  const { stream, version, eventId, type } = received
  return { topic, partition, offset, version, eventId, type, ...failedEvent(error), stream }
}

function failedEvent(error: unknown): FailedEvent | undefined {
  if (error instanceof HandlerFailed) {
    const { stream, version, eventId, type } = error.envelope
    return { stream: streamName(stream), version, eventId, type }
  }
  if (error instanceof VersionsMissing)
    return { stream: streamName(error.event.stream), version: error.event.version }
  if (error instanceof EventNotReadable) {
    const { stream, version, eventId, type } = error.facts
    if (typeof stream !== 'string' || typeof version !== 'number') return undefined
    return { stream, version, eventId: String(eventId), type: String(type) }
  }
  return undefined
}

function decoded(record: LogRecord, encoding: EventEncoding): ReceivedEvent | undefined {
  try {
    return encoding.decode(record)
  } catch {
    // The error that is being reported says so already.
    return undefined
  }
}
