import { CompiledQuery } from 'kysely'
import type { Envelope } from '../../core/envelope.js'
import type { EventInstance } from '../../core/event.js'
import { isDatabaseError } from '../../postgres/database-error.js'
import { isTransient } from '../../postgres/sql-state.js'
import { HandlerFailed, type Subscriber } from '../../subscriptions/index.js'
import type { ReadTransaction } from '../../subscriptions/postgres/index.js'
import type { Generation } from '../generation.js'
import type { SqlProjectionModel } from '../projection-model.js'

/** Runs a projection's own statements, event by event, in the batch's transaction and the generation's schema. */
export class SqlProjector implements Subscriber<ReadTransaction> {
  readonly name: string
  readonly generation: number
  readonly handles: ReadonlySet<string>
  readonly #model: SqlProjectionModel
  readonly #schema: string
  readonly #projection: object

  constructor(model: SqlProjectionModel, { generation, schema }: Generation) {
    this.name = model.name
    this.generation = generation
    this.handles = new Set(model.handlers.keys())
    this.#model = model
    this.#schema = schema
    this.#projection = new model.projectionClass()
  }

  async apply(tx: ReadTransaction, envelopes: readonly Envelope<EventInstance>[]): Promise<void> {
    const scoped = tx.withSchema(this.#schema)
    for (const envelope of envelopes) {
      try {
        const delivery = { tx: scoped, envelope, schema: this.#schema }
        await this.#model.handlers.get(envelope.type)?.run.call(this.#projection, envelope.event, delivery)
      } catch (error) {
        throw new HandlerFailed(envelope, error, await wasTransient(error, tx))
      }
    }
  }
}

/**
 * Handlers can fail at other things than their statements, in the same words: only what the database itself answered
 * counts, or that the connection of the transaction is gone.
 */
async function wasTransient(error: unknown, tx: ReadTransaction): Promise<boolean> {
  if (isDatabaseError(error) && isTransient(error)) return true
  return tx.executeQuery(CompiledQuery.raw('SELECT 1')).then(() => false, isTransient)
}
