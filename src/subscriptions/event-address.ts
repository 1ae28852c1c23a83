import type { EventAddress } from '../core/errors/index.js'
import { EventNotReadable } from '../core/errors/index.js'
import type { EventEncoding } from '../core/event-encoding.js'
import type { LogRecord } from '../log/index.js'
import { VersionsMissing } from './guard.js'
import { HandlerFailed } from './subscriber.js'

/**
 * Where the event is that a batch failed at: by what the failure names, else the first record of the batch. Nothing,
 * when not even that can be read.
 */
export function addressOf(
  error: unknown,
  records: readonly LogRecord[],
  encoding: EventEncoding,
): EventAddress | undefined {
  const isNamed = namedBy(error)
  for (const record of records) {
    const address = read(record, encoding)
    if (address !== undefined && isNamed(address)) return address
  }
  return undefined
}

function namedBy(error: unknown): (address: EventAddress) => boolean {
  if (error instanceof HandlerFailed) return ({ eventId }) => eventId === error.envelope.eventId
  if (error instanceof EventNotReadable) return ({ eventId }) => eventId === error.facts.eventId
  if (error instanceof VersionsMissing) {
    const { stream, version } = error.event
    return (address) =>
      address.stream.id === stream.id && address.stream.type === stream.type && address.version === version
  }
  return () => true
}

function read(record: LogRecord, encoding: EventEncoding): EventAddress | undefined {
  const { topic, partition, offset } = record
  try {
    const { stream, version, eventId, type } = encoding.decode(record)
    return { topic, partition, offset, stream, version, eventId, type }
  } catch {
    // The record cannot be decoded: the error that is being reported says so already.
    return undefined
  }
}
