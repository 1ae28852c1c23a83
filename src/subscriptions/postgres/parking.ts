import { CompiledQuery } from 'kysely'
import { streamName } from '../../core/stream.js'
import { asStorableText } from '../../core/text.js'
import { quoted } from '../../postgres/schemas.js'
import type { SubscriberRef } from '../checkpoint-store.js'
import type { Letter, Parking } from '../parking.js'
import type { ReadTransaction } from './checkpoint-store.js'
import { DeadLetterOutbox } from './dead-letter-outbox.js'
import { valuesOf } from './letter-values.js'

/** What was there when the transaction began; what was not need not be asked for among the events of a batch. */
export interface FoundAtBegin {
  readonly sequences: boolean
  readonly discards: boolean
}

const ANY: FoundAtBegin = { sequences: true, discards: true }

/** Dead letters beside the rows and checkpoints of a read side. */
export class PostgresParking implements Parking {
  readonly #tx: ReadTransaction
  readonly #subscriber: SubscriberRef
  readonly #outbox: DeadLetterOutbox
  readonly #found: FoundAtBegin
  readonly #sql: ReturnType<typeof statements>
  /** Locked in this transaction, so that nobody can empty them before its end. */
  readonly #held = new Set<string>()

  constructor(tx: ReadTransaction, read: string, subscriber: SubscriberRef, found: FoundAtBegin = ANY) {
    this.#tx = tx
    this.#found = found
    this.#subscriber = subscriber
    this.#outbox = new DeadLetterOutbox(tx, read, subscriber)
    this.#sql = statements(read)
  }

  parkedAmong(keys: readonly string[]): Promise<ReadonlySet<string>> {
    return this.#found.sequences ? this.#hold(keys) : Promise.resolve(new Set())
  }

  async #hold(keys: readonly string[]): Promise<ReadonlySet<string>> {
    const rows = await this.#query<{ sequence_key: string }>(this.#sql.parkedAmong, [keys])
    const parked = rows.map(({ sequence_key }) => sequence_key)
    for (const key of parked) this.#held.add(key)
    return new Set(parked)
  }

  async park(letters: readonly Letter[]): Promise<void> {
    if (letters.length === 0) return
    const keys = letters.flatMap(({ sequenceKey }) => (sequenceKey === undefined ? [] : [sequenceKey]))
    await this.#holdSequences([...new Set(keys)])
    const values = valuesOf(letters)
    const rows = letters.map((letter, nth) => ({ ...rowOf(letter), ...values.places[nth] }))
    const { definition = null } = this.#subscriber
    await this.#query(this.#sql.park, [JSON.stringify(rows), values.bytes, definition])
    await this.#outbox.add(letters)
  }

  async discardedAmong(ids: readonly string[]): Promise<ReadonlySet<string>> {
    if (!this.#found.discards) return new Set()
    const { name } = this.#subscriber
    const { rows } = await this.#tx.executeQuery<{ event_id: string }>(
      CompiledQuery.raw(this.#sql.discardedAmong, [name, ids]),
    )
    return new Set(rows.map(({ event_id }) => event_id))
  }

  /** Makes the sequences that are missing, until nobody can empty any of them before this transaction ends. */
  async #holdSequences(keys: readonly string[]): Promise<void> {
    const missing = (): readonly string[] => keys.filter((key) => !this.#held.has(key))
    for (let left = missing(); left.length > 0; left = missing()) {
      await this.#query(this.#sql.sequences, [left])
      await this.#hold(left)
    }
  }

  async #query<Row>(sql: string, values: readonly unknown[]): Promise<readonly Row[]> {
    const { name, generation } = this.#subscriber
    const { rows } = await this.#tx.executeQuery<Row>(CompiledQuery.raw(sql, [name, generation, ...values]))
    return rows
  }
}

/** An index is on it, which takes no longer ones: a stream of such a name is none of ours. */
const LONGEST_STREAM = 1_000

/** What a header or a name may hold that Postgres cannot is written out; what the value holds stays as it is. */
const shown = (text: string | undefined): string | undefined =>
  text === undefined ? undefined : asStorableText(text)

const shownHeaders = (headers: Letter['record']['headers']): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(headers).map(([name, text]) => [asStorableText(name), asStorableText(text)]),
  )

function shownStream(event: Letter['event']): string | undefined {
  const name = event && asStorableText(streamName(event.stream))
  return name !== undefined && Buffer.byteLength(name) <= LONGEST_STREAM ? name : undefined
}

/** A letter as the columns of `parked_events` take it from JSON. */
function rowOf({ record, event, sequenceKey, failure }: Letter): Readonly<Record<string, unknown>> {
  return {
    sequence_key: sequenceKey,
    topic: record.topic,
    partition: record.partition,
    record_offset: record.offset.toString(),
    record_key: shown(record.key),
    headers: shownHeaders(record.headers),
    record_timestamp: record.timestamp.toISOString(),
    event_id: shown(event?.eventId),
    stream: shownStream(event),
    version: event?.version,
    type: shown(event?.type),
    error_class: failure?.class ?? 'waiting',
    error_name: shown(failure?.name),
    error_message: shown(failure?.message),
    error_stack: shown(failure?.stack),
    fingerprint: failure?.fingerprint,
    attempts: failure?.attempts ?? 0,
    first_failed_at: failure?.firstFailedAt.toISOString(),
  }
}

const statements = (read: string) => {
  const r = quoted(read)
  return {
    /**
     * $1 projection, $2 generation, $3 keys. FOR SHARE waits for whoever is emptying one of them, and then finds it gone.
     * In one order, so that two batches that share keys cannot deadlock with who empties them.
     */
    parkedAmong: `
SELECT sequence_key FROM ${r}.parked_sequences
WHERE projection = $1 AND generation = $2 AND sequence_key = ANY($3::text[])
ORDER BY sequence_key FOR SHARE`,

    /** … $3 keys. It locks none that is there already, which somebody may empty from then on. */
    sequences: `
INSERT INTO ${r}.parked_sequences (projection, generation, sequence_key)
SELECT $1, $2, key FROM unnest($3::text[]) AS key ORDER BY key
ON CONFLICT DO NOTHING`,

    /** … $3 letters as JSON, in order, $4 their values in one, $5 the definition that failed at them; null for what built it. */
    park: `
INSERT INTO ${r}.parked_events (
  projection, generation, sequence_key, topic, partition, record_offset, record_key, headers, value, record_timestamp,
  event_id, stream, version, type, error_class, error_name, error_message, error_stack, fingerprint, definition, attempts,
  first_failed_at, last_failed_at)
SELECT $1, $2, l.sequence_key, l.topic, l.partition, l.record_offset, l.record_key, l.headers,
  substring($4::bytea FROM l.value_from FOR l.value_length),
  l.record_timestamp, l.event_id, l.stream, l.version, l.type, l.error_class, l.error_name, l.error_message, l.error_stack,
  l.fingerprint, coalesce($5, g.fingerprint, ''), l.attempts, coalesce(l.first_failed_at, clock_timestamp()), clock_timestamp()
FROM ROWS FROM (jsonb_to_recordset($3::jsonb) AS (
  sequence_key text, topic text, partition integer, record_offset bigint, record_key text, headers jsonb,
  value_from integer, value_length integer,
  record_timestamp timestamptz, event_id text, stream text, version bigint, type text, error_class text, error_name text,
  error_message text, error_stack text, fingerprint text, attempts integer, first_failed_at timestamptz
)) WITH ORDINALITY AS l (sequence_key, topic, partition, record_offset, record_key, headers, value_from,
  value_length, record_timestamp, event_id, stream, version, type, error_class, error_name, error_message, error_stack,
  fingerprint, attempts, first_failed_at, nth)
LEFT JOIN ${r}.generations g ON g.projection = $1 AND g.generation = $2
ORDER BY nth`,

    /** $1 projection, $2 ids. */
    discardedAmong: `SELECT event_id FROM ${r}.discards WHERE projection = $1 AND event_id = ANY($2::text[])`,
  }
}
