import { CompiledQuery } from 'kysely'
import { asStorableText } from '../../core/text.js'
import type { SubscriberRef } from '../checkpoint-store.js'
import type {
  AuditEntry,
  DeadLetter,
  LetterError,
  LetterSequence,
  LettersInHand,
  LettersState,
} from '../dead-letters.js'
import { PROCESS_DIED } from '../parked-failure.js'
import type { ReadTransaction } from './checkpoint-store.js'
import { letterOf, type LetterRow } from './letter-row.js'
import { letterStatements } from './letter-statements.js'

const BEGIN = 'SAVEPOINT reprise_letter'
const UNDO = 'ROLLBACK TO SAVEPOINT reprise_letter'
const RELEASE = 'RELEASE SAVEPOINT reprise_letter'

/** Dead letters in a transaction of the read side. It must be READ COMMITTED: what waited for a lock sees what came before. */
export class PostgresLettersInHand implements LettersInHand {
  readonly #tx: ReadTransaction
  readonly #subscriber: SubscriberRef
  readonly #sql: ReturnType<typeof letterStatements>

  constructor(tx: ReadTransaction, read: string, subscriber: SubscriberRef) {
    this.#tx = tx
    this.#subscriber = subscriber
    this.#sql = letterStatements(read)
  }

  async enter(): Promise<LettersState> {
    const [projection] = await this.#query<{ live: boolean }>(this.#sql.isLive)
    if (projection?.live !== true) return 'retired'
    const [lane] = await this.#query<{ held: boolean }>(this.#sql.isHeld)
    return lane?.held === true ? 'held' : 'open'
  }

  async lock(key: string): Promise<void> {
    await this.#query(this.#sql.lock, [key])
  }

  async after(
    { key, first }: Pick<LetterSequence, 'key' | 'first'>,
    id: bigint,
    limit: number,
  ): Promise<readonly DeadLetter[]> {
    const rows =
      key === undefined
        ? await this.#query<LetterRow>(this.#sql.alone, [first, id])
        : await this.#query<LetterRow>(this.#sql.ofKey, [key, id, limit])
    return rows.map(letterOf)
  }

  async attempt(work: () => Promise<void>): Promise<void> {
    await this.#command(BEGIN)
    try {
      await work()
      await this.#command(RELEASE)
    } catch (error) {
      await this.#command(UNDO)
      await this.#command(RELEASE)
      throw error
    }
  }

  async remove(ids: readonly bigint[]): Promise<void> {
    if (ids.length > 0) await this.#query(this.#sql.remove, [ids])
  }

  async fail(id: bigint, error: LetterError, definition: string | undefined): Promise<void> {
    const { class: errorClass, name, message, stack, fingerprint } = error
    const texts = [name, message, stack].map((text) => (text === undefined ? null : asStorableText(text)))
    await this.#query(this.#sql.fail, [id, errorClass, ...texts, fingerprint, definition ?? null])
  }

  async restore(letter: DeadLetter): Promise<boolean> {
    const { id, error, definition, attempts, firstFailedAt, lastFailedAt } = letter
    const { class: errorClass = 'waiting', name, message, stack, fingerprint } = error ?? {}
    const texts = [name, message, stack, fingerprint].map((text) => text ?? null)
    const values = [id, PROCESS_DIED, errorClass, ...texts, definition, attempts, firstFailedAt, lastFailedAt]
    return (await this.#query(this.#sql.restore, values)).length > 0
  }

  async discard(ids: readonly bigint[], reason: string, by: string): Promise<number> {
    const [row] = await this.#query<{ discarded: bigint }>(this.#sql.discard, [ids, reason, by])
    return Number(row?.discarded ?? 0)
  }

  async release(key: string): Promise<number> {
    const [row] = await this.#query<{ left: bigint }>(this.#sql.left, [key])
    const left = Number(row?.left ?? 0)
    if (left === 0) await this.#query(this.#sql.release, [key])
    return left
  }

  async audit({ actor, action, target, reason }: AuditEntry): Promise<void> {
    const values = [actor, action, JSON.stringify(target), reason ?? null]
    await this.#tx.executeQuery(CompiledQuery.raw(this.#sql.audit, values))
  }

  async #query<Row>(sql: string, values: readonly unknown[] = []): Promise<readonly Row[]> {
    const { name, generation } = this.#subscriber
    const { rows } = await this.#tx.executeQuery<Row>(CompiledQuery.raw(sql, [name, generation, ...values]))
    return rows
  }

  async #command(sql: string): Promise<void> {
    await this.#tx.executeQuery(CompiledQuery.raw(sql, []))
  }
}
