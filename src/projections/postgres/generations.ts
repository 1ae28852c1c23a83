import { CompiledQuery, type Kysely, type Transaction } from 'kysely'
import { DefinitionError, RebuildInProgress, RebuildRefused } from '../../core/errors/index.js'
import { quoted } from '../../postgres/schemas.js'
import { SQL_STATE, sqlStateOf } from '../../postgres/sql-state.js'
import {
  type Generation,
  type Generations,
  generationSchema,
  type GenerationStatus,
  nextGeneration,
  type OpenReader,
  type SnapshotMark,
  type StreamProgress,
} from '../generation.js'
import type { ProjectionModel } from '../projection-model.js'
import type { LanePosition } from '../../subscriptions/index.js'
import { declaredShape, tableStatements } from './columns.js'
import { type BuiltAs, misfits } from './generation-fit.js'
import { generationStatements } from './generation-statements.js'
import { markNow, readersOf, snapshotsBefore } from './open-readers.js'
import { pointViewsAt, shapeOf, tablesIn } from './views.js'

export interface PostgresGenerationsOptions {
  readonly db: Kysely<unknown>
  readonly read: string
  readonly app: string
  readonly model: ProjectionModel
  /** Partitions per topic that the projection reads. */
  readonly topics: ReadonlyMap<string, number>
}

/** Longest time that a swap waits for a reader of the views: others queue behind a waiting swap. */
const SWAP_LOCK_TIMEOUT = '25ms'

const DROP_LOCK_TIMEOUT = '1s'

export class PostgresGenerations implements Generations {
  readonly #options: PostgresGenerationsOptions
  readonly #db: Kysely<unknown>
  readonly #name: string
  readonly #sql: ReturnType<typeof generationStatements>

  constructor(options: PostgresGenerationsOptions) {
    this.#options = options
    this.#db = options.db
    this.#name = options.model.name
    this.#sql = generationStatements(options.read)
  }

  ensureLive(): Promise<Generation> {
    return this.#exclusively(async (tx) => {
      const status = await this.#status(tx)
      if (status === undefined) return this.#createFirst(tx)
      await this.#refuseMisfit(tx, status.live)
      await this.#addCheckpoints(tx, status.live.generation)
      return status.live
    })
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
      if (status === undefined)
        throw new RebuildRefused(this.#name, 'it was never started: start the app once')
      const building = nextGeneration(status)
      if (status.building !== undefined) await this.#drop(tx, status.building)
      await this.#run(tx, this.#sql.build, [this.#name, building])
      const generation = await this.#create(tx, building)
      await this.#refuseOtherShape(tx, status.live, generation)
      return generation
    })
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
    return this.#unlessBlocked(`${Math.ceil(patience)}ms`, async (tx) => {
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

  async swap(from: number, to: number): Promise<'swapped' | 'blocked'> {
    const outcome = await this.#unlessBlocked(SWAP_LOCK_TIMEOUT, async (tx) => {
      const moved = await this.#run(tx, this.#sql.goLive, [this.#name, from, to])
      const lanes = await this.#run<{ held: boolean }>(tx, this.#sql.heldLanes, [this.#name, from])
      if (moved.length === 0 || !lanes.every(({ held }) => held)) {
        const reason = `generation ${from} is not live and held any more, or generation ${to} not being built`
        throw new RebuildRefused(this.#name, reason)
      }
      const schema = this.#schema(to)
      await pointViewsAt(tx, this.#options.app, schema, await tablesIn(tx, schema))
      await this.#run(tx, this.#sql.fence, [this.#name, from])
    })
    return outcome === 'blocked' ? 'blocked' : 'swapped'
  }

  async progressOf(stream: string): Promise<StreamProgress> {
    const [row] = await this.#run<{ version: bigint | null; failure: string | null }>(
      this.#db,
      this.#sql.progress,
      [this.#name, stream],
    )
    return { version: Number(row?.version ?? 0), failure: row?.failure ?? undefined }
  }

  async setState(generation: number, state: 'running' | 'stopped', failure?: string): Promise<void> {
    await this.#run(this.#db, this.#sql.setState, [this.#name, generation, state, failure ?? null])
  }

  async #createFirst(tx: Transaction<unknown>): Promise<Generation> {
    await this.#run(tx, this.#sql.register, [this.#name])
    const generation = await this.#create(tx, 1)
    const tables = await tablesIn(tx, generation.schema)
    // Two projections that create the schema at once would clash, in spite of IF NOT EXISTS.
    await this.#run(tx, this.#sql.lock, [`reprise schema ${this.#options.app}`])
    await this.#run(tx, `CREATE SCHEMA IF NOT EXISTS ${quoted(this.#options.app)}`, [])
    await this.#refuseTaken(
      tx,
      tables.map(({ table }) => table),
    )
    await pointViewsAt(tx, this.#options.app, generation.schema, tables)
    return generation
  }

  async #create(tx: Transaction<unknown>, generation: number): Promise<Generation> {
    const { model } = this.#options
    const schema = this.#schema(generation)
    await this.#run(tx, `CREATE SCHEMA ${quoted(schema)}`, [])
    if (model.kind === 'sql') await model.createTables(tx, schema)
    else for (const statement of tableStatements(model, schema)) await this.#run(tx, statement, [])
    const { version, eventTypes, shape } = this.#declared()
    await this.#run(tx, this.#sql.create, [this.#name, generation, version, eventTypes, shape, schema])
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
    const [row] = await this.#run<{ live: number }>(tx, this.#sql.lockLive, [this.#name])
    if (row?.live === generation)
      throw new Error(`generation ${generation} of ${this.#name} is live: it cannot be dropped`)
    // CASCADE reaches what a user built on a generation's own tables; public views never select from a dropped one.
    await this.#run(tx, `DROP SCHEMA IF EXISTS ${quoted(this.#schema(generation))} CASCADE`, [])
    for (const statement of this.#sql.forget) await this.#run(tx, statement, [this.#name, generation])
  }

  async #status(db: Kysely<unknown>): Promise<GenerationStatus | undefined> {
    const [row] = await this.#run<StatusRow>(db, this.#sql.status, [this.#name])
    if (row === undefined) return undefined
    const { live, building, schema, declared_version: declaredVersion, state, failure } = row
    return {
      live: { projection: this.#name, generation: live, schema },
      building: building ?? undefined,
      declaredVersion,
      state,
      failure: failure ?? undefined,
    }
  }

  #declared(): BuiltAs {
    const { model } = this.#options
    const shape = model.kind === 'table' ? declaredShape(model) : ''
    return { shape, version: model.version, eventTypes: [...model.handlers.keys()].sort() }
  }

  async #refuseMisfit(tx: Transaction<unknown>, { generation }: Generation): Promise<void> {
    const [built] = await this.#run<BuiltAs>(tx, this.#sql.builtAs, [this.#name, generation])
    const faults = built === undefined ? [] : misfits(this.#name, generation, built, this.#declared())
    if (faults.length > 0) throw new DefinitionError(faults)
  }

  async #refuseOtherShape(tx: Transaction<unknown>, live: Generation, building: Generation): Promise<void> {
    const before = shapeOf(await tablesIn(tx, live.schema))
    const after = shapeOf(await tablesIn(tx, building.schema))
    if (before === after) return
    throw new RebuildRefused(
      this.#name,
      `its columns changed, which a rebuild cannot carry over yet; live:\n${before}\ndeclared:\n${after}`,
    )
  }

  async #refuseTaken(tx: Transaction<unknown>, tables: readonly string[]): Promise<void> {
    const taken = await this.#run<{ name: string }>(tx, this.#sql.taken, [this.#options.app, tables])
    if (taken.length === 0) return
    const names = taken.map(({ name }) => `${this.#options.app}.${name}`).join(', ')
    throw new DefinitionError([
      `projection ${this.#name}: ${names} exists already: give its tables other names`,
    ])
  }

  #schema(generation: number): string {
    return generationSchema(this.#options.app, this.#name, generation)
  }

  /** One creation, rebuild or drop of a projection at a time, across all processes. */
  #exclusively<T>(work: (tx: Transaction<unknown>) => Promise<T>): Promise<T> {
    return this.#db.transaction().execute(async (tx) => {
      await this.#run(tx, this.#sql.lock, [`reprise ${this.#options.read} ${this.#name}`])
      return work(tx)
    })
  }

  /** Runs a transaction that gives up where it would wait longer than that for a lock. */
  async #unlessBlocked<T>(
    lockTimeout: string,
    work: (tx: Transaction<unknown>) => Promise<T>,
  ): Promise<T | 'blocked'> {
    try {
      return await this.#db.transaction().execute(async (tx) => {
        await this.#run(tx, `SET LOCAL lock_timeout = '${lockTimeout}'`, [])
        return work(tx)
      })
    } catch (error) {
      if (sqlStateOf(error) === SQL_STATE.lockNotAvailable) return 'blocked'
      throw error
    }
  }

  async #run<Row>(db: Kysely<unknown>, sql: string, parameters: readonly unknown[]): Promise<Row[]> {
    const { rows } = await db.executeQuery<Row>(CompiledQuery.raw(sql, [...parameters]))
    return rows
  }
}

interface StatusRow {
  readonly live: number
  readonly building: number | null
  readonly schema: string
  readonly declared_version: number
  readonly state: 'running' | 'stopped'
  readonly failure: string | null
}
