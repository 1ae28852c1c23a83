import { CompiledQuery } from 'kysely'
import { quoted } from '../../postgres/schemas.js'
import type { SubscriberRef } from '../checkpoint-store.js'
import { admitOnce, type IdentifiedEvent, type TopicMemory } from '../topic-memory.js'
import type { ReadTransaction } from './checkpoint-store.js'

/** Stores and event ids in the read schema, kept in the same transaction as the rows of the read model. */
export class PostgresTopicMemory implements TopicMemory {
  readonly #tx: ReadTransaction
  readonly #subscriber: SubscriberRef
  readonly #sql: ReturnType<typeof statements>

  constructor(tx: ReadTransaction, read: string, subscriber: SubscriberRef) {
    this.#tx = tx
    this.#subscriber = subscriber
    this.#sql = statements(read)
  }

  async storeOf(streamType: string, storeId: string): Promise<string> {
    const recorded = await this.#recordedStore(streamType)
    if (recorded !== undefined) return recorded
    await this.#run(this.#sql.recordStore, [streamType, storeId])
    // Where another lane was first, this waited for it, and only a later statement sees what it recorded.
    return (await this.#recordedStore(streamType)) ?? storeId
  }

  async #recordedStore(streamType: string): Promise<string | undefined> {
    const [row] = await this.#run<{ store_id: string }>(this.#sql.recordedStore, [streamType])
    return row?.store_id
  }

  async admit(
    topic: string,
    events: readonly IdentifiedEvent[],
    window: number,
  ): Promise<readonly boolean[]> {
    if (events.length === 0) return []
    const first = new Map([...events].reverse().map(({ eventId, recordedAt }) => [eventId, recordedAt]))
    const added = await this.#add(topic, first)
    const before = await this.#seenBefore(
      topic,
      [...first.keys()].filter((id) => !added.has(id)),
    )
    const { admitted, seen } = admitOnce(events, before, window)
    await this.#remember(
      topic,
      [...seen].filter(([id, at]) => at.getTime() !== (added.has(id) ? first : before).get(id)?.getTime()),
    )
    return admitted
  }

  /** Remembers the ids that are new, and answers which these are. Waits for a rival that adds one of them. */
  async #add(topic: string, seen: ReadonlyMap<string, Date>): Promise<ReadonlySet<string>> {
    const rows = await this.#run<{ event_id: string }>(this.#sql.add, [topic, ...columnsOf([...seen])])
    return new Set(rows.map((row) => row.event_id))
  }

  async #seenBefore(topic: string, ids: readonly string[]): Promise<ReadonlyMap<string, Date>> {
    if (ids.length === 0) return new Map()
    const rows = await this.#run<{ event_id: string; seen_at: Date }>(this.#sql.seenBefore, [topic, ids])
    return new Map(rows.map((row) => [row.event_id, row.seen_at]))
  }

  async #remember(topic: string, seen: readonly (readonly [id: string, at: Date])[]): Promise<void> {
    if (seen.length > 0) await this.#run(this.#sql.remember, [topic, ...columnsOf(seen)])
  }

  async #run<Row>(sql: string, parameters: readonly unknown[]): Promise<readonly Row[]> {
    const { name, generation } = this.#subscriber
    const query = CompiledQuery.raw(sql, [name, generation, ...parameters])
    return (await this.#tx.executeQuery<Row>(query)).rows
  }
}

/** The driver would write a Date in this process's zone. */
function columnsOf(
  seen: readonly (readonly [id: string, at: Date])[],
): readonly [ids: readonly string[], times: readonly string[]] {
  return [seen.map(([id]) => id), seen.map(([, at]) => at.toISOString())]
}

/** $1 projection, $2 generation, $3 topic throughout, but for stores. */
const statements = (read: string) => {
  const r = quoted(read)
  const topic = 'projection = $1 AND generation = $2 AND topic = $3'
  return {
    /** $3 stream type, $4 store. */
    recordStore: `
INSERT INTO ${r}.contract_stores (projection, generation, stream_type, store_id) VALUES ($1, $2, $3, $4)
ON CONFLICT DO NOTHING`,

    /** $3 stream type. */
    recordedStore: `
SELECT store_id FROM ${r}.contract_stores WHERE projection = $1 AND generation = $2 AND stream_type = $3`,

    /** $4 ids, $5 times. In the order of the ids, so that two lanes that meet on some wait for one another, and never in a circle. */
    add: `
INSERT INTO ${r}.seen_events (projection, generation, topic, event_id, seen_at)
SELECT $1, $2, $3, event_id, seen_at FROM unnest($4::text[], $5::timestamptz[]) AS s (event_id, seen_at) ORDER BY event_id
ON CONFLICT DO NOTHING RETURNING event_id`,

    /** $4 ids. Locked: two lanes that repeat an id after its window must not both take it for new. */
    seenBefore: `
SELECT event_id, seen_at FROM ${r}.seen_events WHERE ${topic} AND event_id = ANY($4) ORDER BY event_id FOR UPDATE`,

    /** $4 ids, $5 times. */
    remember: `
INSERT INTO ${r}.seen_events (projection, generation, topic, event_id, seen_at)
SELECT $1, $2, $3, event_id, seen_at FROM unnest($4::text[], $5::timestamptz[]) AS s (event_id, seen_at) ORDER BY event_id
ON CONFLICT (projection, generation, topic, event_id) DO UPDATE SET seen_at = excluded.seen_at, noted_at = excluded.noted_at`,
  }
}
