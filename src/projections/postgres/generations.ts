import { CompiledQuery, type Kysely, type Transaction } from 'kysely'
import { RebuildInProgress, RebuildRefused } from '../../core/errors/index.js'
import { quoted } from '../../postgres/schemas.js'
import {
  type FedGeneration,
  type Generation,
  type Generations,
  generationSchema,
  type GenerationStatus,
  nextGeneration,
  type OpenReader,
  type SnapshotMark,
  type StreamProgress,
  type SwapOutcome,
} from '../generation.js'
import type { ProjectionModel } from '../projection-model.js'
import type { LanePosition } from '../../subscriptions/index.js'
import { GenerationChecks } from './generation-checks.js'
import { exclusively } from './generation-lock.js'
import { progressFrom, type ProgressRow, statusFrom, type StatusRow } from './generation-rows.js'
import { generationStatements } from './generation-statements.js'
import { createTables } from './generation-tables.js'
import { markNow, readersOf, snapshotsBefore } from './open-readers.js'
import { refuseTakenViews, showFirst } from './first-views.js'
import { unlessBlocked } from './unless-blocked.js'
import { pointViewsAt, tablesIn } from './views.js'

export interface PostgresGenerationsOptions {
  readonly db: Kysely<unknown>
  readonly read: string
  readonly app: string
  readonly model: ProjectionModel
  /** Partitions per topic that the projection reads. */
  readonly topics: ReadonlyMap<string, number>
  /** The aggregates, by name, whose events it reads. */
  readonly streamTypes: readonly string[]
}

/** Longest time, in milliseconds, that a swap waits for a reader of the views: others queue behind a waiting swap. */
const SWAP_PATIENCE = 25

const DROP_LOCK_TIMEOUT = '1s'

export class PostgresGenerations implements Generations {
  readonly #options: PostgresGenerationsOptions
  readonly #db: Kysely<unknown>
  readonly #name: string
  readonly #sql: ReturnType<typeof generationStatements>
  readonly #checks: GenerationChecks

  constructor(options: PostgresGenerationsOptions) {
    this.#options = options
    this.#db = options.db
    this.#name = options.model.name
    this.#sql = generationStatements(options.read)
    this.#checks = new GenerationChecks(options)
  }

  ensureLive(): Promise<FedGeneration> {
    return this.#exclusively(async (tx) => {
      const status = await this.#status(tx)
      if (status === undefined) return { ...(await this.#createFirst(tx)), isFix: false }
      const isFix = await this.#checks.join(tx, status.live)
      await this.#addCheckpoints(tx, status.live.generation)
      return { ...status.live, isFix }
    })
  }

  async refuseMisfit(): Promise<void> {
    const status = await this.status()
    if (status !== undefined) await this.#checks.refuseMisfit(this.#db, status.live)
  }

  status(): Promise<GenerationStatus | undefined> {
    return this.#status(this.#db)
  }

  whileRebuilding<T>(rebuild: () => Promise<T>): Promise<T> {
    const lock = [`reprise rebuild ${this.#options.read} ${this.#name}`]
    return this.#db.connection().execute(async (connection) => {
      const [answer] = await this.#run<{ locked: boolean }>(connection, this.#sql.tryLock, lock)
      if (answer?.locked !== true) throw new RebuildInProgress(this.#name)
      try {
        return await rebuild()
      } finally {
        // Where that fails the session is lost, and the lock with it.
        await this.#run(connection, this.#sql.unlock, lock).catch(() => undefined)
      }
    })
  }

  createBuilding(): Promise<Generation> {
    return this.#exclusively(async (tx) => {
      const status = await this.#status(tx)
      if (status === undefined) return this.#createUnseen(tx)
      const building = nextGeneration(status)
      if (status.building !== undefined) await this.#drop(tx, status.building)
      await this.#run(tx, this.#sql.build, [this.#name, building])
      const generation = await this.#create(tx, building)
      await this.#checks.refuseOtherFeed(tx, status.live)
      await this.#checks.refuseOtherShape(tx, status.live.schema, generation.schema)
      return generation
    })
  }

  async refuseUnfit(): Promise<void> {
    const tx = await this.#db.startTransaction().execute()
    try {
      const status = await this.#status(tx)
      if (status === undefined) return
      await this.#checks.refuseOtherFeed(tx, status.live)
      // What the tables of a SQL projection are like shows only once they are made.
      const schema = this.#schema(nextGeneration(status))
      await createTables(tx, this.#options.model, schema)
      await this.#checks.refuseOtherShape(tx, status.live.schema, schema)
    } finally {
      await tx.rollback().execute()
    }
  }

  drop(generation: number): Promise<void> {
    return this.#exclusively((tx) => this.#drop(tx, generation))
  }

  dropOlderThan(generation: number): Promise<readonly number[]> {
    return this.#exclusively(async (tx) => {
      // Starts of the app wait behind this: a reader of an old table must not keep them waiting.
      await this.#run(tx, `SET LOCAL lock_timeout = '${DROP_LOCK_TIMEOUT}'`, [])
      const rows = await this.#run<{ generation: number }>(tx, this.#sql.older, [this.#name, generation])
      for (const { generation: old } of rows) await this.#drop(tx, old)
      return rows.map(({ generation: old }) => old)
    })
  }

  async hold(
    generation: number,
    milliseconds: number,
    patience: number,
  ): Promise<readonly LanePosition[] | 'blocked'> {
    return unlessBlocked(this.#db.transaction(), patience, async (tx) => {
      await this.#run(tx, this.#sql.lockLanes, [this.#name, generation])
      return this.#run<LanePosition>(tx, this.#sql.hold, [this.#name, generation, milliseconds])
    })
  }

  async extendHold(generation: number, milliseconds: number): Promise<void> {
    await this.#run(this.#db, this.#sql.extendHold, [this.#name, generation, milliseconds])
  }

  async letGo(generation: number, building: number): Promise<void> {
    await this.#run(this.#db, this.#sql.letGo, [this.#name, generation, building])
  }

  mark(): Promise<SnapshotMark> {
    return markNow(this.#db)
  }

  snapshotsBefore(mark: SnapshotMark): Promise<readonly OpenReader[]> {
    return snapshotsBefore(this.#db, mark)
  }

  async readersOfViews(): Promise<readonly OpenReader[]> {
    const status = await this.status()
    const tables = status === undefined ? [] : await tablesIn(this.#db, status.live.schema)
    const views = tables.map(({ table }) => table)
    return readersOf(this.#db, this.#options.app, views)
  }

  async swap(from: number, to: number, mostLetters = Infinity): Promise<SwapOutcome> {
    try {
      return await unlessBlocked(this.#db.transaction(), SWAP_PATIENCE, async (tx) => {
        await this.#makeLive(tx, from, to)
        // Before readers are kept waiting for the views.
        if ((await this.#lettersOf(tx, to)) > mostLetters) throw new TooManyLetters()
        const schema = this.#schema(to)
        await pointViewsAt(tx, this.#options.app, schema, await tablesIn(tx, schema))
        return 'swapped' as const
      })
    } catch (error) {
      if (error instanceof TooManyLetters) return 'parked'
      throw error
    }
  }

  async progressOf(stream: string): Promise<StreamProgress> {
    const [row] = await this.#run<ProgressRow>(this.#db, this.#sql.progress, [this.#name, stream])
    return progressFrom(row)
  }

  async claimLog(generation: number, identity: string): Promise<string> {
    const values = [this.#name, generation, identity]
    const [row] = await this.#run<{ log: string }>(this.#db, this.#sql.claimLog, values)
    return row?.log ?? identity
  }

  async setState(generation: number, state: 'running' | 'stopped', failure?: string): Promise<void> {
    await this.#run(this.#db, this.#sql.setState, [this.#name, generation, state, failure ?? null])
  }

  async #makeLive(tx: Transaction<unknown>, from: number, to: number): Promise<void> {
    const moved = await this.#run(tx, this.#sql.goLive, [this.#name, from, to])
    const lanes = await this.#run<{ held: boolean }>(tx, this.#sql.heldLanes, [this.#name, from])
    if (moved.length === 0 || !lanes.every(({ held }) => held)) {
      const reason = `generation ${from} is not live and held any more, or generation ${to} not being built`
      throw new RebuildRefused(this.#name, reason)
    }
    await this.#run(tx, this.#sql.fence, [this.#name, from])
  }

  /** How many letters a generation has, until the transaction ends. */
  async #lettersOf(tx: Transaction<unknown>, generation: number): Promise<bigint> {
    await this.#run(tx, this.#sql.lockLanes, [this.#name, generation])
    const [row] = await this.#run<{ letters: bigint }>(tx, this.#sql.parked, [this.#name, generation])
    return row?.letters ?? 0n
  }

  async #createFirst(tx: Transaction<unknown>): Promise<Generation> {
    await this.#run(tx, this.#sql.register, [this.#name])
    const generation = await this.#create(tx, 1)
    await showFirst(tx, this.#options.app, generation)
    return generation
  }

  /** The first generation of an inline projection is not live before it holds what the store does. */
  async #createUnseen(tx: Transaction<unknown>): Promise<Generation> {
    if (!this.#options.model.inline)
      throw new RebuildRefused(this.#name, 'it was never started: start the app once')
    const [left] = await this.#run<{ building: number | null }>(tx, this.#sql.registerUnseen, [this.#name])
    const building = (left?.building ?? 0) + 1
    if (building > 1) await this.#drop(tx, building - 1)
    await this.#run(tx, this.#sql.build, [this.#name, building])
    const generation = await this.#create(tx, building)
    await refuseTakenViews(tx, this.#options.app, generation)
    return generation
  }

  async #create(tx: Transaction<unknown>, generation: number): Promise<Generation> {
    const schema = this.#schema(generation)
    await createTables(tx, this.#options.model, schema)
    const { builds, declared } = this.#checks
    const { version, eventTypes, shape, inlineTypes, fingerprint, keying } = declared
    const built = [version, eventTypes, shape, schema, inlineTypes, fingerprint, keying]
    await this.#run(tx, this.#sql.create, [this.#name, generation, ...built])
    await builds.admit(tx, generation, fingerprint)
    await this.#addCheckpoints(tx, generation)
    return { projection: this.#name, generation, schema }
  }

  async #addCheckpoints(tx: Transaction<unknown>, generation: number): Promise<void> {
    const { topics } = this.#options
    await this.#run(tx, this.#sql.addCheckpoints, [
      this.#name,
      generation,
      [...topics.keys()],
      [...topics.values()],
    ])
  }

  async #drop(tx: Transaction<unknown>, generation: number): Promise<void> {
    const [row] = await this.#run<{ live: number; level: number | null }>(tx, this.#sql.lockLive, [
      this.#name,
    ])
    if (row?.live === generation || row?.level === generation)
      throw new Error(
        `generation ${generation} of ${this.#name} is live, or written by appends: it cannot be dropped`,
      )
    // CASCADE reaches what a user built on a generation's own tables; public views never select from a dropped one.
    await this.#run(tx, `DROP SCHEMA IF EXISTS ${quoted(this.#schema(generation))} CASCADE`, [])
    for (const statement of this.#sql.forget) await this.#run(tx, statement, [this.#name, generation])
  }

  async #status(db: Kysely<unknown>): Promise<GenerationStatus | undefined> {
    const values = [this.#name, this.#checks.declared.fingerprint]
    const [row] = await this.#run<StatusRow>(db, this.#sql.status, values)
    return row && statusFrom(this.#name, row)
  }

  #schema(generation: number): string {
    return generationSchema(this.#options.app, this.#name, generation)
  }

  #exclusively<T>(work: (tx: Transaction<unknown>) => Promise<T>): Promise<T> {
    return exclusively(this.#db, this.#options.read, this.#name, work)
  }

  async #run<Row>(db: Kysely<unknown>, sql: string, parameters: readonly unknown[]): Promise<Row[]> {
    const { rows } = await db.executeQuery<Row>(CompiledQuery.raw(sql, [...parameters]))
    return rows
  }
}

/** Rolls a swap back. */
class TooManyLetters extends Error {}
