import { CompiledQuery, type Kysely, type Transaction } from 'kysely'
import { DefinitionError, RebuildInProgress, RebuildRefused } from '../../core/errors/index.js'
import { quoted } from '../../postgres/schemas.js'
import { SQL_STATE, sqlStateOf } from '../../postgres/sql-state.js'
import {
  type Generation,
  type Generations,
  generationSchema,
  type GenerationStatus,
  type OpenSnapshot,
  type SnapshotMark,
  type StreamProgress,
} from '../generation.js'
import type { ProjectionModel } from '../projection-model.js'
import type { LanePosition } from '../../subscriptions/index.js'
import { declaredShape, tableStatements } from './columns.js'
import { generationStatements } from './generation-statements.js'
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
      await this.#refuseChanged(tx, status)
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
        await this.#run(connection, this.#sql.unlock, lock)
      }
    })
  }

  createBuilding(): Promise<Generation> {
    return this.#exclusively(async (tx) => {
      const status = await this.#status(tx)
      if (status === undefined)
        throw new RebuildRefused(this.#name, 'it was never started: start the app once')
      if (status.building !== undefined) await this.#drop(tx, status.building)
      const building = status.live.generation + 1
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
      const rows = await this.#run<{ generation: number }>(tx, this.#sql.older, [this.#name, generation])
      for (const { generation: old } of rows) await this.#drop(tx, old)
      return rows.map(({ generation: old }) => old)
    })
  }

  hold(generation: number, milliseconds: number): Promise<readonly LanePosition[]> {
    return this.#run<LanePosition>(this.#db, this.#sql.hold, [this.#name, generation, milliseconds])
  }

  async letGo(generation: number): Promise<void> {
    await this.#run(this.#db, this.#sql.letGo, [this.#name, generation])
  }

  async mark(): Promise<SnapshotMark> {
    const [mark] = await this.#run<SnapshotMark>(this.#db, this.#sql.mark, [])
    if (mark === undefined) throw new Error('the database gave no transaction id')
    return mark
  }

  snapshotsBefore({ xid, at }: SnapshotMark): Promise<readonly OpenSnapshot[]> {
    return this.#run<OpenSnapshot>(this.#db, this.#sql.snapshotsBefore, [xid, at])
  }

  async swap(from: number, to: number): Promise<'swapped' | 'blocked'> {
    try {
      await this.#db.transaction().execute(async (tx) => {
        await this.#run(tx, `SET LOCAL lock_timeout = '${SWAP_LOCK_TIMEOUT}'`, [])
        const schema = this.#schema(to)
        await pointViewsAt(tx, this.#options.app, schema, await tablesIn(tx, schema))
        const moved = await this.#run(tx, this.#sql.swap, [this.#name, from, to])
        if (moved.length === 0)
          throw new RebuildRefused(this.#name, `generation ${from} is not live and held any more`)
        await this.#run(tx, this.#sql.fence, [this.#name, from])
      })
      return 'swapped'
    } catch (error) {
      if (sqlStateOf(error) === SQL_STATE.lockNotAvailable) return 'blocked'
      throw error
    }
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
    const shape = model.kind === 'table' ? declaredShape(model) : ''
    await this.#run(tx, `CREATE SCHEMA ${quoted(schema)}`, [])
    if (model.kind === 'sql') await model.createTables(tx, schema)
    else for (const statement of tableStatements(model, schema)) await this.#run(tx, statement, [])
    const handled = [...model.handlers.keys()].sort()
    await this.#run(tx, this.#sql.create, [this.#name, generation, model.version, handled, shape, schema])
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

  /** Feeding a table with other columns, or passing by events that a new handler wants, would spoil the live rows. */
  async #refuseChanged(tx: Transaction<unknown>, { live }: GenerationStatus): Promise<void> {
    const { model } = this.#options
    const [found] = await this.#run<{ shape: string; event_types: string[] }>(tx, this.#sql.declared, [
      this.#name,
      live.generation,
    ])
    if (found === undefined) return
    const faults: string[] = []
    const declared = model.kind === 'table' ? declaredShape(model) : ''
    if (found.shape !== declared) {
      faults.push(
        `projection ${this.#name}: generation ${live.generation} has the table ${found.shape}, the code declares ${declared}; ` +
          `a rebuild over changed columns does not exist yet: give the projection a new name`,
      )
    }
    const grown = [...model.handlers.keys()].filter((type) => !found.event_types.includes(type))
    if (grown.length > 0) {
      faults.push(
        `projection ${this.#name}: generation ${live.generation} was built without ${grown.join(', ')}; ` +
          `run reprise projection rebuild ${this.#name}`,
      )
    }
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
