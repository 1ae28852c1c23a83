import { Kysely, PostgresDialect, type Transaction } from 'kysely'
import type { Pool } from 'pg'
import type { Envelope } from '../../src/core/envelope.js'
import { isEventType, type EventInstance } from '../../src/core/event.js'
import { type ProjectionClass, projectionModelOf } from '../../src/projections/index.js'
import type { TableProjectionModel } from '../../src/projections/projection-model.js'
import { tableStatements } from '../../src/projections/postgres/columns.js'
import { TableProjector } from '../../src/projections/postgres/table-projector.js'
import { uniqueName } from './kafka.js'

/** The checked model of a table projection. */
export function tableModelOf(projectionClass: ProjectionClass): TableProjectionModel {
  const faults: string[] = []
  const model = projectionModelOf(projectionClass, faults)
  if (faults.length > 0 || model?.kind !== 'table') throw new Error(faults.join('\n'))
  return model
}

/** Gives events their envelopes: of one stream each, in dense versions. */
export function envelopes(): (event: EventInstance, streamId?: string) => Envelope<EventInstance> {
  const versions = new Map<string, number>()
  return (event, id = 'one') => {
    const version = (versions.get(id) ?? 0) + 1
    versions.set(id, version)
    const eventClass: unknown = event.constructor
    if (!isEventType(eventClass)) throw new Error('not an event')
    const metadata = { commandId: 'c', correlationId: 'c', causationId: 'c' }
    const eventId = `${id}@${version}`
    const stream = { type: 'account', id }
    const at = new Date(version)
    const { type } = eventClass
    return {
      eventId,
      stream,
      version,
      type,
      schemaVersion: 1,
      event,
      metadata,
      occurredAt: at,
      recordedAt: at,
    }
  }
}

/** A table of its own for a projection, and the projector that folds into it, without an app around them. */
export class Folding {
  readonly model: TableProjectionModel
  readonly #db: Kysely<unknown>
  readonly #generation: { readonly projection: string; readonly generation: 1; readonly schema: string }
  /** The statements that were run so far. */
  readonly statements: string[] = []

  private constructor(pool: Pool, model: TableProjectionModel) {
    this.model = model
    this.#generation = { projection: model.name, generation: 1, schema: uniqueName('fold') }
    this.#db = new Kysely({
      dialect: new PostgresDialect({ pool }),
      log: ({ query }) => {
        this.statements.push(query.sql)
      },
    })
  }

  static async into(pool: Pool, model: TableProjectionModel): Promise<Folding> {
    const folding = new Folding(pool, model)
    const { schema } = folding.#generation
    for (const statement of [`CREATE SCHEMA "${schema}"`, ...tableStatements(model, schema)])
      await pool.query(statement)
    return folding
  }

  /** The table's name, for SQL. */
  get table(): string {
    return `"${this.#generation.schema}"."${this.model.table}"`
  }

  projector(model = this.model): TableProjector {
    return new TableProjector(model, this.#generation, () => new model.projectionClass())
  }

  /** Applies events as one batch, in a transaction that stays open while `before` does something in it. */
  apply(
    events: readonly Envelope<EventInstance>[],
    projector = this.projector(),
    before: (tx: Transaction<unknown>) => Promise<void> = () => Promise.resolve(),
  ): Promise<void> {
    return this.#db
      .transaction()
      .setIsolationLevel('read committed')
      .execute(async (tx) => {
        await before(tx)
        await projector.apply(tx, events)
      })
  }
}
