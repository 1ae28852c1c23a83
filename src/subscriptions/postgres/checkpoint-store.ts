import { CompiledQuery, type Kysely, type Transaction } from 'kysely'
import type { Lane } from '../../log/index.js'
import { quoted } from '../../postgres/schemas.js'
import type {
  BatchScope,
  CheckpointMove,
  CheckpointStore,
  Guards,
  LanePosition,
  MoveOutcome,
  SubscriberRef,
  TakenLane,
} from '../checkpoint-store.js'

/** The transaction that handlers write in. Each projection knows its own tables. */
export type ReadTransaction = Transaction<unknown>

/** Checkpoints and guards in the read schema, moved in the same transaction as the rows of the read model. */
export class PostgresCheckpointStore implements CheckpointStore<ReadTransaction> {
  readonly #db: Kysely<unknown>
  readonly #sql: ReturnType<typeof statements>

  constructor(db: Kysely<unknown>, read: string) {
    this.#db = db
    this.#sql = statements(read)
  }

  async take(
    { name, generation }: SubscriberRef,
    { topic, partition }: Lane,
  ): Promise<TakenLane | 'retired'> {
    const { rows } = await this.#db.executeQuery<{ next: bigint; epoch: bigint }>(
      CompiledQuery.raw(this.#sql.take, [name, generation, topic, partition]),
    )
    return rows[0] ?? 'retired'
  }

  async move(
    subscriber: SubscriberRef,
    move: CheckpointMove,
    work: (scope: BatchScope<ReadTransaction>) => Promise<void>,
  ): Promise<MoveOutcome> {
    try {
      await this.#db.transaction().execute(async (tx) => {
        if (!(await this.#advance(tx, subscriber, move))) throw new NotMoved()
        await work({ tx, guards: this.#guards(tx, subscriber) })
      })
      return 'committed'
    } catch (error) {
      if (error instanceof NotMoved) return this.#reasonNotMoved(subscriber, move)
      throw error
    }
  }

  async backfill(
    subscriber: SubscriberRef,
    work: (scope: BatchScope<ReadTransaction>) => Promise<void>,
  ): Promise<void> {
    await this.#db.transaction().execute((tx) => work({ tx, guards: this.#guards(tx, subscriber) }))
  }

  async begin({ name, generation }: SubscriberRef, positions: readonly LanePosition[]): Promise<void> {
    const topics = positions.map(({ topic }) => topic)
    const partitions = positions.map(({ partition }) => partition)
    const offsets = positions.map(({ next }) => next)
    await this.#db.executeQuery(
      CompiledQuery.raw(this.#sql.begin, [name, generation, topics, partitions, offsets]),
    )
  }

  async positions({ name, generation }: SubscriberRef): Promise<readonly LanePosition[]> {
    const { rows } = await this.#db.executeQuery<LanePosition>(
      CompiledQuery.raw(this.#sql.positions, [name, generation]),
    )
    return rows
  }

  async #advance(
    tx: ReadTransaction,
    { name, generation }: SubscriberRef,
    move: CheckpointMove,
  ): Promise<boolean> {
    const { lane, epoch, from, to } = move
    const { rows } = await tx.executeQuery(
      CompiledQuery.raw(this.#sql.advance, [name, generation, lane.topic, lane.partition, epoch, from, to]),
    )
    return rows.length === 1
  }

  async #reasonNotMoved(
    { name, generation }: SubscriberRef,
    { lane, epoch, from }: CheckpointMove,
  ): Promise<MoveOutcome> {
    const { rows } = await this.#db.executeQuery(
      CompiledQuery.raw(this.#sql.stillOurs, [name, generation, lane.topic, lane.partition, epoch, from]),
    )
    return rows.length === 1 ? 'held' : 'fenced'
  }

  #guards(tx: ReadTransaction, { name, generation }: SubscriberRef): Guards {
    return {
      versions: async (streams) => {
        const { rows } = await tx.executeQuery<{ stream: string; version: bigint }>(
          CompiledQuery.raw(this.#sql.versions, [name, generation, streams]),
        )
        return new Map(rows.map(({ stream, version }) => [stream, Number(version)]))
      },
      advance: async (versions) => {
        if (versions.size === 0) return
        await tx.executeQuery(
          CompiledQuery.raw(this.#sql.guard, [
            name,
            generation,
            [...versions.keys()],
            [...versions.values()],
          ]),
        )
      },
    }
  }
}

/** Rolls the batch back before any work was done. */
class NotMoved extends Error {}

const statements = (read: string) => {
  const r = quoted(read)
  const lane = 'projection = $1 AND generation = $2 AND topic = $3 AND partition = $4'
  return {
    /** $1 projection, $2 generation, $3 topic, $4 partition. No row: the generation is neither live nor being built. */
    take: `
UPDATE ${r}.checkpoints SET epoch = epoch + 1
WHERE ${lane} AND EXISTS (
  SELECT FROM ${r}.projections p WHERE p.name = $1 AND $2::integer IN (p.live_generation, p.building_generation)
)
RETURNING next_offset AS next, epoch`,

    /**
     * … $5 epoch, $6 expected next offset, $7 new next offset. The row lock orders this batch against a swap that holds
     * or fences the lane: whoever comes second sees what the first one left.
     */
    advance: `
UPDATE ${r}.checkpoints SET next_offset = $7
WHERE ${lane} AND epoch = $5 AND next_offset = $6 AND (held_until IS NULL OR held_until < clock_timestamp())
RETURNING 1`,

    stillOurs: `SELECT FROM ${r}.checkpoints WHERE ${lane} AND epoch = $5 AND next_offset = $6`,

    /** $3 topics, $4 partitions, $5 offsets. */
    begin: `
UPDATE ${r}.checkpoints c SET next_offset = b.next_offset
FROM unnest($3::text[], $4::integer[], $5::bigint[]) AS b (topic, partition, next_offset)
WHERE c.projection = $1 AND c.generation = $2 AND c.topic = b.topic AND c.partition = b.partition`,

    positions: `
SELECT topic, partition, next_offset AS next FROM ${r}.checkpoints
WHERE projection = $1 AND generation = $2 ORDER BY topic, partition`,

    versions: `SELECT stream, version FROM ${r}.guards WHERE projection = $1 AND generation = $2 AND stream = ANY($3)`,

    /** $3 streams, $4 versions. In stream order, so that two lanes that met on streams could not deadlock. */
    guard: `
INSERT INTO ${r}.guards (projection, generation, stream, version)
SELECT $1, $2, stream, version FROM unnest($3::text[], $4::bigint[]) AS g (stream, version) ORDER BY stream
ON CONFLICT (projection, generation, stream) DO UPDATE SET version = excluded.version`,
  }
}
