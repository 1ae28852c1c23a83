/** A statement with its parameters compiled in, as Kysely takes it. The members are those of Kysely's own. */
interface KyselyLike {
  readonly isTransaction: boolean
  executeQuery(compiled: never): Promise<{ readonly rows: readonly unknown[] }>
}

/** A client of `pg` that is inside a transaction. */
interface PgClientLike {
  query(text: string, values?: readonly unknown[]): Promise<{ readonly rows: readonly unknown[] }>
}

/**
 * A transaction that a caller has begun and will end: a `Transaction` of Kysely, or a client of `pg` after its `BEGIN`.
 * It must be on the database of the store.
 */
export type CallersTransaction = KyselyLike | PgClientLike
