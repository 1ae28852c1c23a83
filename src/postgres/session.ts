import type { Transaction } from 'kysely'

/** A statement of ours. A connection of our own keeps it prepared under its name; a caller's runs it as it is. */
export interface Statement {
  readonly name: string
  readonly text: string
}

/**
 * One connection inside a transaction, whoever began it. A caller's connection may parse types in a way of its own:
 * statements that go through a session answer text.
 */
export interface Session {
  query<Row>(statement: Statement, values: readonly unknown[]): Promise<readonly Row[]>

  /** Runs SQL that takes no parameters and answers no rows. */
  command(text: string): Promise<void>

  /** The same transaction for Kysely. It is neither committed nor rolled back through it. */
  withKysely<T>(work: (tx: Transaction<unknown>) => Promise<T>): Promise<T>
}
