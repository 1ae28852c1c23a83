import type { LogRecord } from '../log/index.js'

/** A record that cannot be taken for an event of ours, whatever comes before and after it. */
export class RecordRefused extends Error {
  override readonly name: string = 'RecordRefused'
  readonly record: LogRecord

  constructor(record: LogRecord, reason: string, cause?: unknown) {
    const { topic, partition, offset } = record
    super(`the record at ${topic}/${partition}@${offset.toString()} ${reason}`, { cause })
    this.record = record
  }
}

/** A record of another store: whatever else the topic holds is not to be trusted either. */
export class RecordOfAnotherStore extends RecordRefused {
  override readonly name = 'RecordOfAnotherStore'
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
  return new RecordOfAnotherStore(
    record,
    `was written by the store ${storeId}, not by this one: give each store topics of its own`,
  )
}

/** Another store wrote it than what was applied from its topic before. */
export function ofAnotherStore(record: LogRecord, storeId: string, before: string): RecordRefused {
  return new RecordOfAnotherStore(
    record,
    `was written by the store ${storeId}, those applied before by the store ${before}: two producers share the topic, ` +
      `or its producer began anew; where it did, begin anew on a topic that holds the new store's records alone: a projection ` +
      'by a rebuild, effects under a new name',
  )
}
