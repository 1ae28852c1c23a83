import { CompiledQuery, type Transaction } from 'kysely'
import type { ClientBase } from 'pg'
import { InvalidValue } from '../core/errors/index.js'
import type { CallersTransaction } from '../core/ports/callers-transaction.js'
import { ClientSession } from './client-session.js'
import type { Session, Statement } from './session.js'

/**
 * A session over a transaction that a caller has begun.
 *
 * @throws {@link InvalidValue} when it is neither a `Transaction` of Kysely nor a client of `pg`. Whether a client is
 * inside a transaction shows with the first savepoint.
 */
export function callerSession(tx: CallersTransaction): Session {
  if (!isObject(tx)) throw noTransaction()
  if ('isTransaction' in tx && typeof tx.executeQuery === 'function') {
    if (!tx.isTransaction) throw noTransaction()
    return new KyselySession(tx as unknown as Transaction<unknown>)
  }
  if ('query' in tx && typeof tx.query === 'function')
    return new ClientSession(tx as unknown as ClientBase, { prepares: false })
  throw noTransaction()
}

/** JavaScript may pass anything. */
const isObject = (value: unknown): boolean => typeof value === 'object' && value !== null

/** A caller gave something to write in that is not inside a transaction. */
export function noTransaction(): InvalidValue {
  const problem =
    'must be a Transaction of Kysely, or a client of pg after its BEGIN: outside of one nothing could be undone'
  return new InvalidValue('execute', [{ path: 'tx', problem }])
}

class KyselySession implements Session {
  /** Without the caller's plugins: they may rename columns, and set the schema. */
  readonly #tx: Transaction<unknown>

  constructor(tx: Transaction<unknown>) {
    this.#tx = tx.withoutPlugins()
  }

  async query<Row>({ text }: Statement, values: readonly unknown[]): Promise<readonly Row[]> {
    const { rows } = await this.#tx.executeQuery(CompiledQuery.raw(text, [...values]))
    return rows as readonly Row[]
  }

  async command(text: string): Promise<void> {
    await this.#tx.executeQuery(CompiledQuery.raw(text))
  }

  withKysely<T>(work: (tx: Transaction<unknown>) => Promise<T>): Promise<T> {
    return work(this.#tx)
  }
}
