// Releases of the bank whose definition differs from its own.
import {
  Aggregate,
  AggregateRoot,
  Applies,
  Command,
  defineApp,
  type Delivery,
  DomainEvent,
  Handles,
  Projection,
  Projects,
  type Row,
  SqlProjection,
  string,
  TableProjection,
} from 'reprise'
import type { Kysely } from 'kysely'
import {
  Account,
  AccountOpened,
  Balances,
  bank,
  MoneyDeposited,
  MoneyWithdrawn,
  type StatementTables,
  Statements,
} from './bank.js'

const { table, key, columns, indexes } = Balances

/** As balances were before withdrawals came. */
@Projection({ name: 'balances', version: 1, from: [Account] })
export class NarrowBalances extends TableProjection({ table, key, columns, indexes }) {
  @Projects(AccountOpened)
  opened({ owner }: AccountOpened, row: Row<typeof Balances>) {
    row.owner = owner
  }

  @Projects(MoneyDeposited)
  deposited({ amount }: MoneyDeposited, row: Row<typeof Balances>) {
    row.balance += amount
  }
}

@Projection({ name: 'balances', version: 2, from: [Account] })
export class RaisedBalances extends TableProjection({ table, key, columns, indexes }) {
  @Projects(AccountOpened)
  opened({ owner }: AccountOpened, row: Row<typeof Balances>) {
    row.owner = owner
  }

  @Projects(MoneyDeposited)
  deposited({ amount }: MoneyDeposited, row: Row<typeof Balances>) {
    row.balance += amount
  }

  @Projects(MoneyWithdrawn)
  withdrawn({ amount }: MoneyWithdrawn, row: Row<typeof Balances>) {
    row.balance -= amount
  }
}

@Projection({ name: 'balances', version: 1, from: [Account] })
class WidenedBalances extends TableProjection({ table, key, columns: { ...columns, note: string('') } }) {
  @Projects(AccountOpened)
  opened() {}

  @Projects(MoneyDeposited)
  deposited() {}

  @Projects(MoneyWithdrawn)
  withdrawn() {}
}

/** Statements with a column more than there was. */
@Projection({ name: 'statements', version: 1, from: [Account] })
export class WiderStatements extends SqlProjection<StatementTables> {
  static async tables(db: Kysely<unknown>, schema: string) {
    await Statements.tables(db, schema)
    await db.schema.withSchema(schema).alterTable('statement_lines').addColumn('note', 'text').execute()
  }

  @Projects(MoneyDeposited)
  async deposited() {}
}

/** Pays a coin too much with every deposit. */
@Projection({ name: 'balances', version: 1, from: [Account] })
class BuggyBalances extends TableProjection({ table, key, columns, indexes }) {
  @Projects(AccountOpened)
  opened({ owner }: AccountOpened, row: Row<typeof Balances>) {
    row.owner = owner
  }

  @Projects(MoneyDeposited)
  deposited({ amount }: MoneyDeposited, row: Row<typeof Balances>) {
    row.balance += amount + 1n
  }

  @Projects(MoneyWithdrawn)
  withdrawn({ amount }: MoneyWithdrawn, row: Row<typeof Balances>) {
    row.balance -= amount
  }
}

class CardIssued extends DomainEvent('CardIssued', { accountId: string() }) {}
export class IssueCard extends Command('IssueCard', { cardId: string(), accountId: string() })('cardId') {}

@Aggregate({ name: 'card', events: [CardIssued], topic: { partitions: 2 } })
class Card extends AggregateRoot<CardIssued> {
  @Handles(IssueCard, { expect: 'noStream' })
  issue({ accountId }: IssueCard) {
    this.emit(new CardIssued({ accountId }))
  }

  @Applies(CardIssued)
  issued() {}
}

/** Statements that list cards, too. */
@Projection({ name: 'statements', version: 1, from: [Account, Card] })
export class StatementsWithCards extends SqlProjection<StatementTables> {
  static readonly tables = Statements.tables

  @Projects(MoneyDeposited)
  async deposited({ amount }: MoneyDeposited, { tx, envelope }: Delivery<StatementTables>) {
    const { stream, version, occurredAt } = envelope
    await tx
      .insertInto('statement_lines')
      .values({ account_id: stream.id, version, amount, occurred_at: occurredAt })
      .execute()
  }

  @Projects(MoneyWithdrawn)
  withdrawn() {}

  @Projects(CardIssued)
  async issued({ accountId }: CardIssued, { tx, envelope }: Delivery<StatementTables>) {
    await tx
      .insertInto('statement_lines')
      .values({ account_id: accountId, version: 1_000, amount: 0n, occurred_at: envelope.occurredAt })
      .execute()
  }
}

export const narrow = defineApp({ ...bank, projections: [NarrowBalances, Statements] })
export const buggy = defineApp({ ...bank, projections: [BuggyBalances, Statements] })
export const raised = defineApp({ ...bank, projections: [RaisedBalances, Statements] })
export const widened = defineApp({ ...bank, projections: [WidenedBalances, Statements] })
export const widerStatements = defineApp({ ...bank, projections: [Balances, WiderStatements] })
export const withCards = defineApp({
  ...bank,
  aggregates: [Account, Card],
  projections: [Balances, StatementsWithCards],
})
