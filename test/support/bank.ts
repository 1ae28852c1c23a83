// The example domain in small, shared by tests.
import {
  Aggregate,
  AggregateRoot,
  Applies,
  Command,
  CommandRejected,
  type Context,
  defineApp,
  type Delivery,
  DomainEvent,
  Handles,
  long,
  optional,
  Projection,
  Projects,
  type Row,
  SqlProjection,
  string,
  TableProjection,
  timestamp,
} from 'reprise'
import type { Kysely } from 'kysely'

export class AccountOpened extends DomainEvent('AccountOpened', { owner: string(), openedAt: timestamp() }) {}
export class MoneyDeposited extends DomainEvent('MoneyDeposited', {
  amount: long(),
  reference: optional(string()),
}) {}
export class MoneyWithdrawn extends DomainEvent('MoneyWithdrawn', { amount: long() }) {}

export class OpenAccount extends Command('OpenAccount', { accountId: string(), owner: string() })(
  'accountId',
) {}
export class DepositMoney extends Command('DepositMoney', { accountId: string(), amount: long() })(
  'accountId',
) {}
export class WithdrawMoney extends Command('WithdrawMoney', { accountId: string(), amount: long() })(
  'accountId',
) {}
/** Accepted, and changes nothing. */
export class Touch extends Command('Touch', { accountId: string() })('accountId') {}

@Aggregate({
  name: 'account',
  events: [AccountOpened, MoneyDeposited, MoneyWithdrawn],
  topic: { partitions: 4 },
})
export class Account extends AggregateRoot<AccountOpened | MoneyDeposited | MoneyWithdrawn> {
  private balance = 0n

  @Handles(OpenAccount, { expect: 'noStream' })
  open({ owner }: OpenAccount, { now }: Context) {
    this.emit(new AccountOpened({ owner, openedAt: now }))
  }

  @Handles(DepositMoney)
  deposit({ amount }: DepositMoney) {
    if (amount <= 0n) throw new CommandRejected('amount must be positive', { amount })
    this.emit(new MoneyDeposited({ amount }))
  }

  @Handles(WithdrawMoney)
  withdraw({ amount }: WithdrawMoney) {
    if (amount > this.balance)
      throw new CommandRejected('the balance does not cover it', { balance: this.balance, amount })
    this.emit(new MoneyWithdrawn({ amount }))
  }

  @Handles(Touch)
  touch() {}

  @Applies(AccountOpened)
  opened() {}

  @Applies(MoneyDeposited)
  deposited({ amount }: MoneyDeposited) {
    this.balance += amount
  }

  @Applies(MoneyWithdrawn)
  withdrawn({ amount }: MoneyWithdrawn) {
    this.balance -= amount
  }
}

@Projection({ name: 'balances', version: 1, from: [Account] })
export class Balances extends TableProjection({
  table: 'balances',
  key: 'account_id',
  columns: { account_id: string(), owner: optional(string()), balance: long(0n) },
  indexes: [['balance']],
}) {
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

export interface StatementTables {
  statement_lines: { account_id: string; version: number; amount: bigint; occurred_at: Date }
}

@Projection({ name: 'statements', version: 1, from: [Account] })
export class Statements extends SqlProjection<StatementTables> {
  static async tables(db: Kysely<unknown>, schema: string) {
    await db.schema
      .withSchema(schema)
      .createTable('statement_lines')
      .addColumn('account_id', 'text', (column) => column.notNull())
      .addColumn('version', 'integer', (column) => column.notNull())
      .addColumn('amount', 'bigint', (column) => column.notNull())
      .addColumn('occurred_at', 'timestamptz', (column) => column.notNull())
      .addPrimaryKeyConstraint('statement_lines_pkey', ['account_id', 'version'])
      .execute()
  }

  @Projects(MoneyDeposited)
  async deposited({ amount }: MoneyDeposited, delivery: Delivery<StatementTables>) {
    await this.line(amount, delivery)
  }

  @Projects(MoneyWithdrawn)
  async withdrawn({ amount }: MoneyWithdrawn, delivery: Delivery<StatementTables>) {
    await this.line(-amount, delivery)
  }

  private async line(amount: bigint, { tx, envelope }: Delivery<StatementTables>) {
    const { stream, version, occurredAt } = envelope
    await tx
      .insertInto('statement_lines')
      .values({ account_id: stream.id, version, amount, occurred_at: occurredAt })
      .execute()
  }
}

export const bank = defineApp({ name: 'bank', aggregates: [Account], projections: [Balances, Statements] })
