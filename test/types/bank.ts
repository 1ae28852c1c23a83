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
  type EffectContext,
  Effects,
  Handles,
  long,
  On,
  optional,
  type PreparationContext,
  Preparations,
  Prepares,
  Projection,
  Projects,
  type Row,
  SqlProjection,
  type StateOf,
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

@Aggregate({
  name: 'account',
  events: [AccountOpened, MoneyDeposited],
  topic: { partitions: 12 },
  state: { version: 1, fields: { balance: long() } },
  snapshots: { every: 100 },
})
export class Account extends AggregateRoot<AccountOpened | MoneyDeposited> {
  private balance = 0n

  @Handles(OpenAccount, { expect: 'noStream' })
  open({ owner }: OpenAccount, { now }: Context) {
    this.emit(new AccountOpened({ owner, openedAt: now }))
  }

  @Handles(DepositMoney)
  deposit({ amount }: DepositMoney, { prepared }: Context<Limits>) {
    if (amount <= 0n) throw new CommandRejected('amount must be positive', { amount })
    if (amount > prepared.most) throw new CommandRejected('amount is above the limit', { amount })
    this.emit(new MoneyDeposited({ amount }))
  }

  @Applies(AccountOpened)
  opened() {}

  @Applies(MoneyDeposited)
  protected deposited({ amount }: MoneyDeposited) {
    this.balance += amount
  }

  state() {
    return { balance: this.balance }
  }

  restore({ balance }: StateOf<Account>) {
    this.balance = balance
  }
}

/** What may be paid in at once. */
interface Limits {
  readonly most: bigint
}

interface LimitService {
  limitsOf(accountId: string, signal: AbortSignal): Promise<Limits>
}

@Preparations({ inject: ['limits'] })
export class DepositLimits {
  private readonly limits: LimitService

  constructor(limits: LimitService) {
    this.limits = limits
  }

  @Prepares(DepositMoney, { timeout: '2s' })
  limitsFor({ accountId }: DepositMoney, { signal }: PreparationContext) {
    return this.limits.limitsOf(accountId, signal)
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

@Projection({
  name: 'daily_totals',
  version: 1,
  from: [Account],
  key: (_event, { occurredAt }) => occurredAt.toISOString().slice(0, 10),
  across: 'commutative',
})
export class DailyTotals extends TableProjection({
  table: 'daily_totals',
  key: 'day',
  columns: { day: string(), turnover: long(0n) },
}) {
  @Projects(MoneyDeposited)
  deposited(event: MoneyDeposited, row: Row<typeof DailyTotals>) {
    row.turnover += event.amount
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

@Effects({ name: 'receipts', from: [Account], timeout: '2s' })
export class Receipts {
  @On(MoneyDeposited)
  async deposited({ amount }: MoneyDeposited, { idempotencyKey, signal }: EffectContext) {
    await fetch('http://localhost', { method: 'POST', body: `${idempotencyKey} ${amount}`, signal })
  }
}

export default defineApp({
  name: 'banking',
  aggregates: [Account],
  projections: [Balances, DailyTotals, Statements],
  effects: [Receipts],
  preparations: [DepositLimits],
})
