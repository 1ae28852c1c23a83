import type { LogRecord } from '../log/index.js'

/** A record that cannot be taken for an event of ours, whatever comes before and after it. */
export class RecordRefused extends Error {
  readonly record: LogRecord

  constructor(record: LogRecord, reason: string, cause?: unknown) {
    const { topic, partition, offset } = record
    super(`the record at ${topic}/${partition}@${offset.toString()} ${reason}`, { cause })
    this.record = record
  }
}

/** It is no event, or one that this build cannot read. */
export function unreadable(record: LogRecord, cause: unknown): RecordRefused {
  return new RecordRefused(
    record,
    `cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`,
    cause,
  )
}

/** Another store wrote it: its versions are not ours. */
export function strange(record: LogRecord, storeId: string): RecordRefused {
  return new RecordRefused(
    record,
    `was written by the store ${storeId}, not by this one: give each store topics of its own`,
  )
}
