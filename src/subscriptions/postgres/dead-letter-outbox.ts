import { CompiledQuery } from 'kysely'
import { streamName } from '../../core/stream.js'
import { asStorableText } from '../../core/text.js'
import { slotOf } from '../../log/index.js'
import { quoted } from '../../postgres/schemas.js'
import type { SubscriberRef } from '../checkpoint-store.js'
import { deadLetterTopic } from '../dead-letter-topic.js'
import type { Letter } from '../parking.js'
import type { ReadTransaction } from './checkpoint-store.js'
import { valuesOf } from './letter-values.js'

/** What Kafka lets a topic be called. The lane over the store itself is called something else. */
const TOPIC_NAME = /^[A-Za-z0-9._-]+$/

/** Headers this long are for reading; the whole is in the letter. */
const LONGEST_HEADER = 16_000

/** Bytes that a topic takes by default, less room for headers. A longer value is in the letter, and nowhere else. */
const LONGEST_VALUE = 900_000

/**
 * Letters on their way out: for each one a row in the read side's outbox, in the transaction that parks it. It is
 * published as the record was, to the dead-letter topic of its topic, with the headers that tools know from Spring beside
 * its own. All of them are text, as all headers here. A value that is too long for most topics is left out: a header says
 * how many bytes it has.
 */
export class DeadLetterOutbox {
  readonly #tx: ReadTransaction
  readonly #subscriber: SubscriberRef
  readonly #sql: ReturnType<typeof statements>

  constructor(tx: ReadTransaction, read: string, subscriber: SubscriberRef) {
    this.#tx = tx
    this.#subscriber = subscriber
    this.#sql = statements(read)
  }

  /** Nothing for a generation that readers do not see: it may never be, or repeats what the live one has published. */
  async add(letters: readonly Letter[]): Promise<void> {
    const { name, generation } = this.#subscriber
    const { rows } = await this.#tx.executeQuery<{ app: string | null }>(
      CompiledQuery.raw(this.#sql.live, [name, generation]),
    )
    const [live] = rows
    if (live === undefined) return
    const app = live.app ?? ''
    const group = `${app}.${name}.g${generation}`
    const { bytes, places } = valuesOf(
      letters.map((letter) => (isTooLong(letter) ? withoutValue(letter) : letter)),
    )
    const items = letters.map((letter, nth) => ({ ...rowOf(letter, app, group), ...places[nth] }))
    await this.#tx.executeQuery(CompiledQuery.raw(this.#sql.add, [JSON.stringify(items), bytes]))
  }
}

const isTooLong = ({ record: { value } }: Letter): boolean => value !== null && value.length > LONGEST_VALUE

const withoutValue = (letter: Letter): Letter => ({ ...letter, record: { ...letter.record, value: null } })

/** A letter as the columns of `outbox` take it from JSON. */
function rowOf(letter: Letter, app: string, group: string): Readonly<Record<string, unknown>> {
  const { record } = letter
  const topic = deadLetterTopic(topicOf(letter, app))
  const key = asStorableText(record.key)
  return {
    slot: slotOf(topic, key),
    topic,
    key,
    headers: { ...storable(record.headers), ...storable(whatHappened(letter, topicOf(letter, app), group)) },
  }
}

/** That of the stream's aggregate where the event came from the store, in the order of all of them. */
const topicOf = ({ record, event }: Letter, app: string): string =>
  TOPIC_NAME.test(record.topic) || event === undefined ? record.topic : `${app}.${event.stream.type}`

const whatHappened = (letter: Letter, topic: string, group: string): Readonly<Record<string, string>> => ({
  ...(isTooLong(letter) ? { 'reprise-omitted-bytes': String(letter.record.value?.length) } : {}),
  ...failureHeaders(letter, topic, group),
})

const failureHeaders = (
  { record, failure, sequenceKey, event }: Letter,
  topic: string,
  group: string,
): Readonly<Record<string, string>> => ({
  'kafka_dlt-original-topic': topic,
  'kafka_dlt-original-partition': record.partition.toString(),
  'kafka_dlt-original-offset': record.offset.toString(),
  'kafka_dlt-original-timestamp': record.timestamp.getTime().toString(),
  'kafka_dlt-original-consumer-group': group,
  'kafka_dlt-exception-fqcn': failure?.name ?? 'EventParked',
  'kafka_dlt-exception-message': shortened(
    failure?.message ??
      `it waits behind an earlier letter of ${sequenceKey ?? (event && streamName(event.stream)) ?? 'its key'}`,
  ),
  ...(failure?.stack === undefined ? {} : { 'kafka_dlt-exception-stacktrace': shortened(failure.stack) }),
})

const shortened = (text: string): string =>
  text.length <= LONGEST_HEADER ? text : `${text.slice(0, LONGEST_HEADER)} …`

const storable = (headers: Readonly<Record<string, string>>): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [asStorableText(name), asStorableText(value)]),
  )

const statements = (read: string) => {
  const r = quoted(read)
  return {
    /** $1 projection, $2 generation. The app, in a row that is there for the live generation only. */
    live: `
SELECT s.value AS app FROM ${r}.projections p LEFT JOIN ${r}.read_side_settings s ON s.name = 'app'
WHERE p.name = $1 AND p.live_generation = $2`,

    /** $1 letters as JSON, in order, $2 their values in one. */
    add: `
INSERT INTO ${r}.outbox (slot, topic, key, headers, value)
SELECT l.slot, l.topic, l.key, l.headers, substring($2::bytea FROM l.value_from FOR l.value_length)
FROM ROWS FROM (jsonb_to_recordset($1::jsonb) AS (
  slot smallint, topic text, key text, headers jsonb, value_from integer, value_length integer
)) WITH ORDINALITY AS l (slot, topic, key, headers, value_from, value_length, nth)
ORDER BY nth`,
  }
}
