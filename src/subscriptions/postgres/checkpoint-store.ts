import { CompiledQuery, type Kysely, type Transaction } from 'kysely'
import { type Lane, laneName } from '../../log/index.js'
import type {
  AskedKeys,
  BatchScope,
  CheckpointMove,
  CheckpointStore,
  CountedAttempt,
  Guards,
  LanePosition,
  LetterTally,
  MoveOutcome,
  StreamBehind,
  SubscriberRef,
  TakenLane,
  WaitingLane,
} from '../checkpoint-store.js'
import { checkpointStatements } from './checkpoint-statements.js'
import { PostgresParking } from './parking.js'
import { PostgresTopicMemory } from './topic-memory.js'

/** The transaction that handlers write in. Each projection knows its own tables. */
export type ReadTransaction = Transaction<unknown>

/** Checkpoints and guards in the read schema, moved in the same transaction as the rows of the read model. */
export class PostgresCheckpointStore implements CheckpointStore<ReadTransaction> {
  readonly #db: Kysely<unknown>
  readonly #read: string
  readonly #sql: ReturnType<typeof checkpointStatements>

  constructor(db: Kysely<unknown>, read: string) {
    this.#db = db
    this.#read = read
    this.#sql = checkpointStatements(read)
  }

  async take(
    { name, generation, definition }: SubscriberRef,
    { topic, partition }: Lane,
  ): Promise<TakenLane | 'retired'> {
    const taken = await this.#db.executeQuery<TakenRow>(
      CompiledQuery.raw(this.#sql.take, [name, generation, topic, partition]),
    )
    // Only now: a swap that commits later fences the epoch just taken, an earlier one is seen here.
    const fed = await this.#db.executeQuery(
      CompiledQuery.raw(this.#sql.isFed, [name, generation, definition ?? null]),
    )
    if (fed.rows.length === 0) return 'retired'
    const [row] = taken.rows
    if (row === undefined)
      throw new Error(`generation ${generation} of ${name} has no lane ${laneName({ topic, partition })}`)
    return {
      next: row.next,
      epoch: row.epoch,
      lastEventId: row.last_event_id ?? undefined,
      suspect: row.takes > 1 || row.tried,
    }
  }

  async giveBack(
    { name, generation }: SubscriberRef,
    { topic, partition }: Lane,
    epoch: bigint,
  ): Promise<void> {
    await this.#db.executeQuery(
      CompiledQuery.raw(this.#sql.giveBack, [name, generation, topic, partition, epoch]),
    )
  }

  async countAttempt(
    { name, generation }: SubscriberRef,
    { topic, partition }: Lane,
    offset: bigint,
  ): Promise<CountedAttempt> {
    const { rows } = await this.#db.executeQuery<{ attempts: number; first_at: Date }>(
      CompiledQuery.raw(this.#sql.countAttempt, [name, generation, topic, partition, offset]),
    )
    const [row] = rows
    if (row === undefined) throw new Error(`attempts of ${name} could not be counted`)
    return { attempts: row.attempts, firstAt: row.first_at }
  }

  async takeBackAttempt(
    { name, generation }: SubscriberRef,
    { topic, partition }: Lane,
    offset: bigint,
  ): Promise<void> {
    await this.#db.executeQuery(
      CompiledQuery.raw(this.#sql.takeBackAttempt, [name, generation, topic, partition, offset]),
    )
  }

  forgetAttempts(subscriber: SubscriberRef, lane: Lane, before: bigint): Promise<void> {
    return this.#forgetAttempts(this.#db, subscriber, lane, before)
  }

  async failedKeys({ name, generation }: SubscriberRef, { limit, apart, ofLast }: AskedKeys) {
    const { rows } = await this.#db.executeQuery<{ key: string }>(
      CompiledQuery.raw(this.#sql.failedKeys, [name, generation, limit, apart, ofLast ?? null]),
    )
    return rows.map(({ key }) => key)
  }

  async letters({ name, generation }: SubscriberRef): Promise<LetterTally> {
    const { rows } = await this.#db.executeQuery<{ letters: bigint; first: string | null }>(
      CompiledQuery.raw(this.#sql.letters, [name, generation]),
    )
    return { letters: Number(rows[0]?.letters ?? 0), first: rows[0]?.first ?? undefined }
  }

  async move(
    subscriber: SubscriberRef,
    move: CheckpointMove,
    work: (scope: BatchScope<ReadTransaction>) => Promise<void>,
  ): Promise<MoveOutcome> {
    try {
      await this.#transaction(async (tx) => {
        const moved = await this.#advance(tx, subscriber, move)
        if (moved === undefined) throw new NotMoved()
        if (move.tried === true) await this.#forgetAttempts(tx, subscriber, move.lane, move.to)
        await work(this.#scope(tx, subscriber, moved))
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
    await this.#transaction(async (tx) => {
      const { rows } = await tx.executeQuery<LettersRow>(
        CompiledQuery.raw(this.#sql.hasLetters, [subscriber.name, subscriber.generation]),
      )
      await work(this.#scope(tx, subscriber, rows[0]))
    })
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

  /** READ COMMITTED, whatever the server's default: a statement after a lock must see what it waited for. */
  #transaction(work: (tx: ReadTransaction) => Promise<void>): Promise<void> {
    return this.#db.transaction().setIsolationLevel('read committed').execute(work)
  }

  async wait(
    { name, generation }: SubscriberRef,
    { topic, partition }: Lane,
    epoch: bigint,
    reason: string,
  ): Promise<void> {
    await this.#db.executeQuery(
      CompiledQuery.raw(this.#sql.wait, [name, generation, topic, partition, epoch, reason]),
    )
  }

  async waiting({ name, generation }: SubscriberRef): Promise<readonly WaitingLane[]> {
    const { rows } = await this.#db.executeQuery<WaitingLane>(
      CompiledQuery.raw(this.#sql.waiting, [name, generation]),
    )
    return rows
  }

  #scope(
    tx: ReadTransaction,
    subscriber: SubscriberRef,
    found: LettersRow = { has_sequences: false, has_discards: false },
  ): BatchScope<ReadTransaction> {
    const topics = new PostgresTopicMemory(tx, this.#read, subscriber)
    const { has_sequences: sequences, has_discards: discards } = found
    const parking = new PostgresParking(tx, this.#read, subscriber, { sequences, discards })
    const parked = sequences || discards ? parking : undefined
    return { tx, guards: this.#guards(tx, subscriber), topics, parked, parking }
  }

  async #advance(
    tx: ReadTransaction,
    { name, generation }: SubscriberRef,
    move: CheckpointMove,
  ): Promise<LettersRow | undefined> {
    const { lane, epoch, from, to, lastEventId, lastRecordedAt, suspected = false } = move
    const { rows } = await tx.executeQuery<LettersRow>(
      CompiledQuery.raw(this.#sql.advance, [
        name,
        generation,
        lane.topic,
        lane.partition,
        epoch,
        from,
        to,
        lastEventId ?? null,
        lastRecordedAt?.toISOString() ?? null,
        suspected,
      ]),
    )
    return rows[0]
  }

  async #forgetAttempts(
    db: Pick<Kysely<unknown>, 'executeQuery'>,
    { name, generation }: SubscriberRef,
    { topic, partition }: Lane,
    before: bigint,
  ): Promise<void> {
    await db.executeQuery(
      CompiledQuery.raw(this.#sql.forgetAttempts, [name, generation, topic, partition, before]),
    )
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

/** What there is of letters when a batch begins. */
interface LettersRow {
  readonly has_sequences: boolean
  readonly has_discards: boolean
}

interface TakenRow {
  readonly next: bigint
  readonly epoch: bigint
  readonly last_event_id: string | null
  readonly takes: number
  readonly tried: boolean
}
