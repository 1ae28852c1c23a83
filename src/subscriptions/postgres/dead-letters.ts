import { CompiledQuery, type Kysely } from 'kysely'
import type { SubscriberRef } from '../checkpoint-store.js'
import type {
  DeadLetter,
  DeadLetterStore,
  DeadlyLetter,
  LetterCount,
  LetterGroup,
  LetterSelection,
  LetterSequence,
  LettersInHand,
} from '../dead-letters.js'
import { PROCESS_DIED } from '../parked-failure.js'
import type { ReadTransaction } from './checkpoint-store.js'
import { letterOf, type LetterRow, errorOf } from './letter-row.js'
import { letterStatements } from './letter-statements.js'
import { PostgresLettersInHand } from './letters-in-hand.js'

/** Dead letters in the read schema. */
export class PostgresDeadLetters implements DeadLetterStore<ReadTransaction> {
  readonly #db: Kysely<unknown>
  readonly #read: string
  readonly #sql: ReturnType<typeof letterStatements>

  constructor(db: Kysely<unknown>, read: string) {
    this.#db = db
    this.#read = read
    this.#sql = letterStatements(read)
  }

  async count(subscriber: SubscriberRef): Promise<LetterCount> {
    const [row] = await this.#query<Counts>(this.#sql.count, subscriber)
    const { letters = 0n, failed = 0n, keys = 0n } = row ?? {}
    return { letters: Number(letters), failed: Number(failed), keys: Number(keys) }
  }

  async groups(subscriber: SubscriberRef): Promise<readonly LetterGroup[]> {
    return (await this.#query<GroupRow>(this.#sql.groups, subscriber)).map(groupOf)
  }

  async letters(
    subscriber: SubscriberRef,
    selection: LetterSelection,
    { limit, after = 0n }: { readonly limit: number; readonly after?: bigint },
  ): Promise<readonly DeadLetter[]> {
    const rows = await this.#query<LetterRow>(this.#sql.letters, subscriber, [
      ...selectionValues(selection),
      after,
      limit,
    ])
    return rows.map(letterOf)
  }

  async deadly(subscriber: SubscriberRef): Promise<readonly DeadlyLetter[]> {
    const rows = await this.#query<DeadlyRow>(this.#sql.deadly, subscriber, [PROCESS_DIED])
    return rows.map(({ key, ...row }) => ({ ...row, key: key ?? undefined }))
  }

  async sequences(subscriber: SubscriberRef, selection: LetterSelection): Promise<readonly LetterSequence[]> {
    const rows = await this.#query<SequenceRow>(this.#sql.sequencesOf, subscriber, [
      ...selectionValues(selection),
      PROCESS_DIED,
      selection.orWaiting ?? false,
    ])
    return rows.map(({ key, first, letters, selected, fingerprint, deadly }) => ({
      key: key ?? undefined,
      first,
      letters: Number(letters),
      selected: selected.map(BigInt),
      fingerprint: fingerprint ?? undefined,
      deadly,
    }))
  }

  async waitingBehind(
    subscriber: SubscriberRef,
    keys: readonly string[],
  ): Promise<ReadonlyMap<string, number>> {
    const rows = await this.#query<{ key: string; waiting: bigint }>(this.#sql.waitingBehind, subscriber, [
      keys,
    ])
    return new Map(rows.map(({ key, waiting }) => [key, Number(waiting)]))
  }

  within(tx: ReadTransaction, subscriber: SubscriberRef): LettersInHand {
    return new PostgresLettersInHand(tx, this.#read, subscriber)
  }

  async #query<Row>(
    sql: string,
    { name, generation }: SubscriberRef,
    values: readonly unknown[] = [],
  ): Promise<readonly Row[]> {
    const query = CompiledQuery.raw(sql, [name, generation, ...values])
    return (await this.#db.executeQuery<Row>(query)).rows
  }
}

interface Counts {
  readonly letters: bigint
  readonly failed: bigint
  readonly keys: bigint
}

interface GroupRow extends Omit<LetterRow, 'fingerprint'> {
  readonly fingerprint: string | null
  readonly failed: bigint
  readonly waiting: bigint
  readonly keys: bigint
  readonly group_first_failed_at: Date
  readonly group_last_failed_at: Date
}

interface DeadlyRow extends Omit<DeadlyLetter, 'key'> {
  readonly key: string | null
}

interface SequenceRow {
  readonly key: string | null
  readonly first: bigint
  readonly letters: bigint
  /** The driver reads the numbers of an array as text. */
  readonly selected: readonly (string | bigint)[]
  readonly fingerprint: string | null
  readonly deadly: boolean
}

function groupOf(row: GroupRow): LetterGroup {
  const { id, event_id, stream, version, type } = row
  return {
    fingerprint: row.fingerprint ?? undefined,
    failed: Number(row.failed),
    waiting: Number(row.waiting),
    keys: Number(row.keys),
    firstFailedAt: row.group_first_failed_at,
    lastFailedAt: row.group_last_failed_at,
    example: {
      id,
      eventId: event_id ?? undefined,
      stream: stream ?? undefined,
      version: version === null ? undefined : Number(version),
      type: type ?? undefined,
      error: errorOf(row),
    },
  }
}

/** In the order of the parameters of a statement that selects; null where anything will do. */
function selectionValues({
  ids,
  fingerprint,
  type,
  key,
  failedByOtherThan,
}: LetterSelection): readonly unknown[] {
  return [ids ?? null, fingerprint ?? null, type ?? null, key ?? null, failedByOtherThan ?? null]
}
