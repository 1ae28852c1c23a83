import { CompiledQuery, type Kysely, type Transaction } from 'kysely'
import { type Lane, laneName } from '../../log/index.js'
import { quoted } from '../../postgres/schemas.js'
import type {
  BatchScope,
  CheckpointMove,
  CheckpointStore,
  Guards,
  LanePosition,
  MoveOutcome,
  StreamBehind,
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
    const taken = await this.#db.executeQuery<TakenRow>(
      CompiledQuery.raw(this.#sql.take, [name, generation, topic, partition]),
    )
    // Only now: a swap that commits later fences the epoch just taken, an earlier one is seen here.
    const fed = await this.#db.executeQuery(CompiledQuery.raw(this.#sql.isFed, [name, generation]))
    if (fed.rows.length === 0) return 'retired'
    const [row] = taken.rows
    if (row === undefined)
      throw new Error(`generation ${generation} of ${name} has no lane ${laneName({ topic, partition })}`)
    return { next: row.next, epoch: row.epoch, lastEventId: row.last_event_id ?? undefined }
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

  async behind({ name, generation }: SubscriberRef, than: number): Promise<StreamBehind | undefined> {
    const { rows } = await this.#db.executeQuery<{ stream: string; version: bigint; applied: bigint }>(
      CompiledQuery.raw(this.#sql.behind, [name, generation, than]),
    )
    const [row] = rows
    if (row === undefined) return undefined
    return { stream: row.stream, version: Number(row.version), applied: Number(row.applied) }
  }

  async #advance(
    tx: ReadTransaction,
    { name, generation }: SubscriberRef,
    move: CheckpointMove,
  ): Promise<boolean> {
    const { lane, epoch, from, to, lastEventId } = move
    const { rows } = await tx.executeQuery(
      CompiledQuery.raw(this.#sql.advance, [
        name,
        generation,
        lane.topic,
        lane.partition,
        epoch,
        from,
        to,
        lastEventId,
      ]),
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

interface TakenRow {
  readonly next: bigint
  readonly epoch: bigint
  readonly last_event_id: string | null
}

const statements = (read: string) => {
  const r = quoted(read)
  const lane = 'projection = $1 AND generation = $2 AND topic = $3 AND partition = $4'
  return {
    /** $1 projection, $2 generation, $3 topic, $4 partition. */
    take: `
UPDATE ${r}.checkpoints SET epoch = epoch + 1 WHERE ${lane} RETURNING next_offset AS next, epoch, last_event_id`,

    /** $1 projection, $2 generation. No row: the generation is neither live nor being built. */
    isFed: `
SELECT FROM ${r}.projections WHERE name = $1 AND $2::integer IN (live_generation, building_generation)`,

    /**
     * … $5 epoch, $6 expected next offset, $7 new next offset, $8 the event before that. The row lock orders this batch
     * against a swap that holds or fences the lane: whoever comes second sees what the first one left.
     */
    advance: `
UPDATE ${r}.checkpoints SET next_offset = $7, last_event_id = $8
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

    /** $2 generation, $3 the one that may be further. */
    behind: `
SELECT further.stream, further.version, coalesce(own.version, 0) AS applied
FROM ${r}.guards further
LEFT JOIN ${r}.guards own ON own.projection = $1 AND own.generation = $2 AND own.stream = further.stream
WHERE further.projection = $1 AND further.generation = $3 AND further.version > coalesce(own.version, 0)
LIMIT 1`,

    versions: `SELECT stream, version FROM ${r}.guards WHERE projection = $1 AND generation = $2 AND stream = ANY($3)`,

    /** $3 streams, $4 versions. In stream order, so that two lanes that met on streams could not deadlock. */
    guard: `
INSERT INTO ${r}.guards (projection, generation, stream, version)
SELECT $1, $2, stream, version FROM unnest($3::text[], $4::bigint[]) AS g (stream, version) ORDER BY stream
ON CONFLICT (projection, generation, stream) DO UPDATE SET version = excluded.version`,
  }
}
