// The names that examples in doc comments use without defining them: a bank, and what is their reader's own.
import type { Kysely } from 'kysely'
import {
  Aggregate,
  AggregateRoot,
  type App,
  Applies,
  Command,
  CommandRejected,
  type ConsumingApp,
  type Context,
  defineApp,
  defineContract,
  type Delivery,
  DomainEvent,
  type EventInstance,
  Handles,
  type Logger,
  long,
  optional,
  type PreparationContext,
  Preparations,
  Prepares,
  Projection,
  Projects,
  type Receipt,
  type Row,
  SqlProjection,
  string,
  TableProjection,
  timestamp,
} from 'reprise'
import type { LogRecord } from 'reprise/kafka'

export class AccountOpened extends DomainEvent('AccountOpened', {
  owner: string(),
  openedAt: optional(timestamp()),
}) {}
export class MoneyDeposited extends DomainEvent('MoneyDeposited', { amount: long() }) {}
export class OrderPlaced extends DomainEvent('OrderPlaced', { total: long() }) {}

export class OpenAccount extends Command('OpenAccount', { accountId: string(), owner: string() })(
  'accountId',
) {}
export class DepositMoney extends Command('DepositMoney', { accountId: string(), amount: long() })(
  'accountId',
) {}
export class WithdrawMoney extends Command('WithdrawMoney', { accountId: string(), amount: long() })(
  'accountId',
) {}
export class ConvertMoney extends Command('ConvertMoney', {
  accountId: string(),
  from: string(),
  to: string(),
})('accountId') {}

@Aggregate({ name: 'account', events: [AccountOpened, MoneyDeposited] })
export class Account extends AggregateRoot<AccountOpened | MoneyDeposited> {
  protected balance = 0n

  @Handles(OpenAccount, { expect: 'noStream' })
  open({ owner }: OpenAccount, { now }: Context) {
    this.emit(new AccountOpened({ owner, openedAt: now }))
  }

  @Handles(WithdrawMoney)
  withdraw({ amount }: WithdrawMoney) {
    if (amount > this.balance) throw new CommandRejected('the balance does not cover it')
  }

  @Applies(MoneyDeposited)
  applyDeposit({ amount }: MoneyDeposited) {
    this.balance += amount
  }

  state() {
    return { balance: this.balance }
  }
}

@Projection({ name: 'balances', version: 1, from: [Account] })
export class Balances extends TableProjection({
  table: 'balances',
  key: 'account_id',
  columns: { account_id: string(), balance: long(0n) },
}) {
  @Projects(MoneyDeposited)
  applyDeposit({ amount }: MoneyDeposited, row: Row<typeof Balances>) {
    row.balance += amount
  }
}

interface StatementTables {
  statement_lines: { account_id: string; version: number; amount: bigint }
}

@Projection({ name: 'statements', version: 1, from: [Account] })
export class Statements extends SqlProjection<StatementTables> {
  static tables(): Promise<void> {
    return Promise.resolve()
  }

  @Projects(MoneyDeposited)
  async deposited({ amount }: MoneyDeposited, { tx, envelope }: Delivery<StatementTables>) {
    const { stream, version } = envelope
    await tx.insertInto('statement_lines').values({ account_id: stream.id, version, amount }).execute()
  }
}

export class Turnover extends Balances {}

export interface RateService {
  of(from: string, to: string, signal: AbortSignal): Promise<number>
}
export declare const RATES: unique symbol

export class UsingRates {
  constructor(protected readonly rates: RateService) {}
}

export interface Mailer {
  send(
    mail: { readonly to: string; readonly text: string; readonly idempotencyKey: string },
    signal: AbortSignal,
  ): Promise<void>
}
export declare const MAILER: unique symbol
export declare const WELCOME: string

export class UsingMailer {
  constructor(protected readonly mailer: Mailer) {}
}

@Preparations({ inject: [RATES] })
export class ExchangeRates extends UsingRates {
  @Prepares(ConvertMoney)
  async rate({ from, to }: ConvertMoney, { signal }: PreparationContext) {
    return { rate: await this.rates.of(from, to, signal) }
  }
}

export const accounts = defineContract({
  name: 'account',
  topic: 'banking.account',
  events: [AccountOpened, MoneyDeposited],
})
export const bank = defineApp({ name: 'banking', aggregates: [Account], projections: [Balances] })

export declare const app: App
export declare const service: ConsumingApp
export declare const receipt: Receipt
export declare const command: DepositMoney
export declare const withdraw: WithdrawMoney
export declare const opened: AccountOpened
export declare const db: Kysely<unknown>
export declare const logger: Logger
export declare const storeId: string
export declare const received: LogRecord
export declare const accountId: string
export declare const amount: bigint
export declare const balance: bigint
export declare const lastSeen: bigint
export declare const request: { id: string; body: { receipt: Receipt }; query: { after?: string } }
export declare const response: { json(body: unknown): void }
export declare const user: { id: string }
export declare const search: { add(event: EventInstance): Promise<void> }
export declare function remember(position: bigint): Promise<void>
export declare function refuse(reason: string, facts: object): void
