import type { DeadLetter, LetterError } from '../dead-letters.js'

/** A row of `parked_events`. */
export interface LetterRow {
  readonly id: bigint
  readonly sequence_key: string | null
  readonly topic: string
  readonly partition: number
  readonly record_offset: bigint
  readonly record_key: string
  readonly headers: Readonly<Record<string, string>>
  readonly value: Uint8Array | null
  readonly record_timestamp: Date
  readonly event_id: string | null
  readonly stream: string | null
  readonly version: bigint | null
  readonly type: string | null
  readonly error_class: 'contract' | 'handler' | 'waiting'
  readonly error_name: string | null
  readonly error_message: string | null
  readonly error_stack: string | null
  readonly fingerprint: string | null
  readonly definition: string
  readonly attempts: number
  readonly first_failed_at: Date
  readonly last_failed_at: Date
}

export function letterOf(row: LetterRow): DeadLetter {
  return {
    id: row.id,
    sequenceKey: row.sequence_key ?? undefined,
    record: {
      topic: row.topic,
      partition: row.partition,
      offset: row.record_offset,
      key: row.record_key,
      headers: row.headers,
      value: row.value,
      timestamp: row.record_timestamp,
    },
    eventId: row.event_id ?? undefined,
    stream: row.stream ?? undefined,
    version: row.version === null ? undefined : Number(row.version),
    type: row.type ?? undefined,
    error: errorOf(row),
    definition: row.definition,
    attempts: row.attempts,
    firstFailedAt: row.first_failed_at,
    lastFailedAt: row.last_failed_at,
  }
}

type ErrorColumns = 'error_class' | 'error_name' | 'error_message' | 'error_stack' | 'fingerprint'

/** Undefined for a letter that only waits. */
export function errorOf(row: Pick<LetterRow, ErrorColumns>): LetterError | undefined {
  if (row.error_class === 'waiting') return undefined
  return {
    class: row.error_class,
    name: row.error_name ?? '',
    message: row.error_message ?? '',
    stack: row.error_stack ?? undefined,
    fingerprint: row.fingerprint ?? '',
  }
}
