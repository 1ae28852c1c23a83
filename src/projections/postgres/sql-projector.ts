import { CompiledQuery } from 'kysely'
import type { Envelope } from '../../core/envelope.js'
import type { EventInstance } from '../../core/event.js'
import { isDatabaseError } from '../../postgres/database-error.js'
import { isTransient } from '../../postgres/sql-state.js'
import { HandlerFailed, type Subscriber } from '../../subscriptions/index.js'
import type { ReadTransaction } from '../../subscriptions/postgres/index.js'
import { definitionFingerprint } from '../definition-fingerprint.js'
import type { Generation } from '../generation.js'
import type { SqlProjectionModel } from '../projection-model.js'

const LOOK = CompiledQuery.raw('SELECT 1')
/** in_failed_sql_transaction */
const IN_FAILED_TRANSACTION = '25P02'

/** Runs a projection's own statements, event by event, in the batch's transaction and the generation's schema. */
export class SqlProjector implements Subscriber<ReadTransaction> {
  readonly name: string
  readonly generation: number
  readonly definition: string
  readonly handles: ReadonlySet<string>
  readonly #model: SqlProjectionModel
  readonly #schema: string
  readonly #projection: object

  /** `create` makes the instance whose methods are the handlers. */
  constructor(model: SqlProjectionModel, { generation, schema }: Generation, create: () => object) {
    this.name = model.name
    this.generation = generation
    this.definition = definitionFingerprint(model)
    this.handles = new Set(model.handlers.keys())
    this.#model = model
    this.#schema = schema
    this.#projection = create()
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
    const last = envelopes.at(-1)
    if (last !== undefined) await requireWhole(tx, last)
  }
}

/**
 * A handler that catches what its statement failed at leaves a transaction behind that can only be rolled back, and whose
 * COMMIT does so without an error.
 */
async function requireWhole(tx: ReadTransaction, envelope: Envelope<EventInstance>): Promise<void> {
  try {
    await tx.executeQuery(LOOK)
  } catch (error) {
    const ignored = isDatabaseError(error) && error.code === IN_FAILED_TRANSACTION
    throw new HandlerFailed(envelope, ignored ? statementIgnored(error) : error, isTransient(error))
  }
}

const statementIgnored = (cause: Error): Error =>
  new Error(
    'a statement failed and the handler went on: nothing of its transaction can be kept; let the error out, or set a savepoint before what may fail',
    { cause },
  )

/**
 * Handlers can fail at other things than their statements, in the same words: only what the database itself answered
 * counts, or that the connection of the transaction is gone.
 */
async function wasTransient(error: unknown, tx: ReadTransaction): Promise<boolean> {
  if (isDatabaseError(error) && isTransient(error)) return true
  return tx.executeQuery(LOOK).then(() => false, isTransient)
}
