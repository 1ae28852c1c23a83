// The bank of the design: every line compiles, in both decorator modes.
import type { Kysely } from 'kysely'
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

export class AccountOpened extends DomainEvent('AccountOpened', { owner: string(), openedAt: timestamp() }) {}
export class MoneyDeposited extends DomainEvent('MoneyDeposited', {
  amount: long(),
  reference: optional(string()),
}) {}

export class OpenAccount extends Command('OpenAccount', { accountId: string(), owner: string() })(
  'accountId',
) {}
export class DepositMoney extends Command('DepositMoney', { accountId: string(), amount: long() })(
  'accountId',
) {}

@Aggregate({ name: 'account', events: [AccountOpened, MoneyDeposited], topic: { partitions: 12 } })
export class Account extends AggregateRoot<AccountOpened | MoneyDeposited> {
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

  @Applies(AccountOpened)
  opened() {}

  @Applies(MoneyDeposited)
  protected deposited({ amount }: MoneyDeposited) {
    this.balance += amount
  }
}

@Projection({ name: 'balances', version: 1, from: [Account] })
export class Balances extends TableProjection({
  table: 'balances',
  key: 'account_id',
  columns: { account_id: string(), balance: long(0n) },
  indexes: [['balance']],
}) {
  @Projects(MoneyDeposited)
  deposited(event: MoneyDeposited, row: Row<typeof Balances>) {
    row.balance += event.amount
  }
}

export interface StatementTables {
  statement_lines: { account_id: string; amount: bigint }
}

@Projection({ name: 'statements', version: 1, from: [Account] })
export class Statements extends SqlProjection<StatementTables> {
  static async tables(db: Kysely<unknown>, schema: string) {
    await db.schema
      .withSchema(schema)
      .createTable('statement_lines')
      .addColumn('account_id', 'text')
      .execute()
  }

  @Projects(MoneyDeposited)
  async deposited(event: MoneyDeposited, { tx, envelope }: Delivery) {
    await tx
      .insertInto('statement_lines')
      .values({ account_id: envelope.stream.id, amount: event.amount })
      .execute()
  }
}

export default defineApp({ name: 'banking', aggregates: [Account], projections: [Balances, Statements] })
