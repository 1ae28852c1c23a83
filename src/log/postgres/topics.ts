import type { Pool } from 'pg'
import { TopicMissing } from '../../core/errors/index.js'
import { inTransaction } from '../../postgres/pool.js'
import { quoted } from '../../postgres/schemas.js'
import type { PartitionOffsets, Topics, TopicSettings, TopicSpec } from '../topics.js'
import type { PartitionLook } from './subscription.js'

export class PostgresTopics implements Topics {
  readonly #pool: Pool
  readonly #store: string

  constructor(pool: Pool, store: string) {
    this.#pool = pool
    this.#store = quoted(store)
  }

  create({ name, partitions }: TopicSpec): Promise<'created' | 'exists'> {
    return inTransaction(this.#pool, async (client) => {
      const { rows } = await client.query<{ id: number }>(
        `INSERT INTO ${this.#store}.topics (name, partitions) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING RETURNING id`,
        [name, partitions],
      )
      const id = rows[0]?.id
      if (id === undefined) return 'exists'
      await client.query(
        `INSERT INTO ${this.#store}.topic_partitions (topic_id, partition) SELECT $1, generate_series(0, $2::integer - 1)`,
        [id, partitions],
      )
      return 'created'
    })
  }

  async describe(names: readonly string[]): Promise<ReadonlyMap<string, TopicSpec>> {
    const { rows } = await this.#pool.query<TopicSpec>(
      `SELECT name, partitions FROM ${this.#store}.topics WHERE name = ANY($1)`,
      [names],
    )
    return new Map(rows.map((topic) => [topic.name, topic]))
  }

  async settings(names: readonly string[]): Promise<readonly TopicSettings[]> {
    const found = [...(await this.describe(names)).keys()]
    const kept = { compacted: false, retention: undefined, replicas: 1, minInsyncReplicas: 1 }
    return found.map((name) => ({ name, ...kept }))
  }

  async offsets(name: string): Promise<readonly PartitionOffsets[]> {
    const found = await this.look(name)
    return found.map(({ partition, earliest, end }) => ({ partition, earliest, end }))
  }

  /** As {@link offsets}, with the number that the topic has for as long as it is not made anew. */
  async look(name: string): Promise<readonly PartitionLook[]> {
    const { rows } = await this.#pool.query<PartitionLook>({
      name: 'reprise-offsets',
      text: `SELECT p.partition, p.earliest, p.next_offset AS "end", t.id AS "topicId"
             FROM ${this.#store}.topics t JOIN ${this.#store}.topic_partitions p ON p.topic_id = t.id
             WHERE t.name = $1 ORDER BY p.partition`,
      values: [name],
    })
    if (rows.length === 0) throw new TopicMissing(name)
    return rows
  }

  async deleteBefore(name: string, partition: number, offset: bigint): Promise<void> {
    await inTransaction(this.#pool, async (client) => {
      const { rows } = await client.query<{ topic_id: number; earliest: bigint }>(
        `UPDATE ${this.#store}.topic_partitions p SET earliest = greatest(p.earliest, least($3::bigint, p.next_offset))
         FROM ${this.#store}.topics t WHERE t.id = p.topic_id AND t.name = $1 AND p.partition = $2
         RETURNING p.topic_id, p.earliest`,
        [name, partition, offset],
      )
      const row = rows[0]
      if (row === undefined) throw new TopicMissing(name)
      await client.query(
        `DELETE FROM ${this.#store}.topic_records WHERE topic_id = $1 AND partition = $2 AND record_offset < $3`,
        [row.topic_id, partition, row.earliest],
      )
    })
  }

  async delete(names: readonly string[]): Promise<void> {
    await inTransaction(this.#pool, async (client) => {
      const { rows } = await client.query<{ id: number }>(
        `DELETE FROM ${this.#store}.topics WHERE name = ANY($1) RETURNING id`,
        [names],
      )
      await client.query(`DELETE FROM ${this.#store}.topic_records WHERE topic_id = ANY($1)`, [
        rows.map(({ id }) => id),
      ])
    })
  }
}
