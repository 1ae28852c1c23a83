// Definitions without decorators: what must compile, and what must not.
import {
  AggregateRoot,
  type Context,
  defineAggregate,
  defineApp,
  defineEffects,
  definePreparations,
  defineProjection,
  type Delivery,
  type EffectContext,
  long,
  type PreparationContext,
  type Row,
  SqlProjection,
  type StateOf,
  string,
  TableProjection,
} from 'reprise'
import {
  Account,
  AccountOpened,
  Balances,
  DepositMoney,
  MoneyDeposited,
  OpenAccount,
  type StatementTables,
} from './bank.js'
import { events, Member, type Rates, same, state } from './definitions.js'

// Aggregates

class Plain extends AggregateRoot<AccountOpened | MoneyDeposited> {
  balance = 0n

  open({ owner }: OpenAccount, { now }: Context) {
    this.emit(new AccountOpened({ owner, openedAt: now }))
  }

  deposit({ amount }: DepositMoney, { prepared }: Context<Rates>) {
    this.emit(new MoneyDeposited({ amount: amount * BigInt(prepared.rate) }))
  }

  touch() {}
  opened() {}

  deposited({ amount }: MoneyDeposited) {
    this.balance += amount
  }

  async slowly() {}
  async later(_command: DepositMoney) {}

  state() {
    return { balance: this.balance }
  }

  restore({ balance }: StateOf<Plain>) {
    this.balance = balance
  }
}

const defined = defineAggregate(Plain, {
  name: 'plain',
  events,
  topic: { partitions: 4 },
  state,
  snapshots: { every: 10 },
  handles: { open: [OpenAccount, { expect: 'noStream' }], deposit: DepositMoney },
  applies: { opened: AccountOpened, deposited: MoneyDeposited },
})
same<typeof defined, typeof Plain>(true)
defineAggregate(Plain, { name: 'plain', events, handles: { touch: DepositMoney } })

// @ts-expect-error a method that there is not
defineAggregate(Plain, { name: 'plain', events, handles: { withdraw: DepositMoney } })
// @ts-expect-error a property that is no method
defineAggregate(Plain, { name: 'plain', events, handles: { balance: DepositMoney } })
// @ts-expect-error a handler of another command
defineAggregate(Plain, { name: 'plain', events, handles: { deposit: OpenAccount } })
// @ts-expect-error a handler of another command, with options
defineAggregate(Plain, { name: 'plain', events, handles: { deposit: [OpenAccount, { expect: 'any' }] } })
// @ts-expect-error an expectation that there is not
defineAggregate(Plain, { name: 'plain', events, handles: { open: [OpenAccount, { expect: 'sometimes' }] } })
// @ts-expect-error an async handler
defineAggregate(Plain, { name: 'plain', events, handles: { slowly: DepositMoney } })
// @ts-expect-error an async handler of its command
defineAggregate(Plain, { name: 'plain', events, handles: { later: DepositMoney } })
// @ts-expect-error an event where a command belongs
defineAggregate(Plain, { name: 'plain', events, handles: { touch: AccountOpened } })
// @ts-expect-error an applier of another event
defineAggregate(Plain, { name: 'plain', events, applies: { deposited: AccountOpened } })
// @ts-expect-error an async applier
defineAggregate(Plain, { name: 'plain', events, applies: { slowly: AccountOpened } })
// @ts-expect-error an applier gets the event alone
defineAggregate(Plain, { name: 'plain', events, applies: { open: AccountOpened } })
// @ts-expect-error a command where an event belongs
defineAggregate(Plain, { name: 'plain', events, applies: { opened: OpenAccount } })
// @ts-expect-error events that do not cover what it may emit
defineAggregate(Plain, { name: 'plain', events: [AccountOpened] })
// @ts-expect-error a state of another type
defineAggregate(Plain, { name: 'plain', events, state: { version: 1, fields: { balance: string() } } })
// @ts-expect-error a state that is declared and not there
defineAggregate(Member, { name: 'member', events, state })
// @ts-expect-error a class that is no aggregate
defineAggregate(Balances, { name: 'plain', events })

// Preparing steps

class Steps {
  async rate(_command: DepositMoney, _context: PreparationContext) {
    return 5
  }

  sync(_command: DepositMoney) {
    return 5
  }
}
definePreparations(Steps, { inject: ['rates'], prepares: { rate: [DepositMoney, { timeout: 500 }] } })
definePreparations(Steps, { prepares: { rate: DepositMoney } })
// @ts-expect-error a step for another command
definePreparations(Steps, { prepares: { rate: OpenAccount } })
// @ts-expect-error a step that does not wait for anything
definePreparations(Steps, { prepares: { sync: DepositMoney } })
// @ts-expect-error a method that there is not
definePreparations(Steps, { prepares: { rates: DepositMoney } })

// Projections

class PlainRows extends TableProjection({
  table: 'plain',
  key: 'account_id',
  columns: { account_id: string(), balance: long(0n) },
}) {
  deposited({ amount }: MoneyDeposited, row: Row<typeof PlainRows>) {
    row.balance += amount
    return row.balance === 0n ? null : undefined
  }

  otherRow(_event: MoneyDeposited, row: { amount: bigint }) {
    row.amount = 0n
  }

  opened() {}
  async slow(_event: MoneyDeposited) {}

  returns(_event: MoneyDeposited, row: Row<typeof PlainRows>) {
    return row
  }
}
const from = [Account] as const

same<ReturnType<typeof defineProjection<typeof PlainRows, typeof from>>, typeof PlainRows>(true)
defineProjection(PlainRows, {
  name: 'plain',
  version: 1,
  from,
  key: (event) => ('owner' in event ? event.owner : 'x'),
  across: 'commutative',
  projects: { deposited: MoneyDeposited, opened: AccountOpened },
})
// @ts-expect-error a handler of another event
defineProjection(PlainRows, { name: 'plain', version: 1, from, projects: { deposited: AccountOpened } })
// @ts-expect-error the row of another projection
defineProjection(PlainRows, { name: 'plain', version: 1, from, projects: { otherRow: MoneyDeposited } })
// @ts-expect-error an async handler of a row
defineProjection(PlainRows, { name: 'plain', version: 1, from, projects: { slow: MoneyDeposited } })
// @ts-expect-error a handler of a row that returns something
defineProjection(PlainRows, { name: 'plain', version: 1, from, projects: { returns: MoneyDeposited } })
// @ts-expect-error a method that there is not
defineProjection(PlainRows, { name: 'plain', version: 1, from, projects: { withdrawn: MoneyDeposited } })
// @ts-expect-error a key of what not every event has
defineProjection(PlainRows, { name: 'plain', version: 1, from, key: ({ owner }) => owner, projects: {} })
// @ts-expect-error an aggregate is no projection
defineProjection(Plain, { name: 'plain', version: 1, from, projects: {} })

class PlainLines extends SqlProjection<StatementTables> {
  static tables() {
    return Promise.resolve()
  }

  async deposited(event: MoneyDeposited, { tx }: Delivery<StatementTables>) {
    await tx.insertInto('statement_lines').values({ account_id: 'x', amount: event.amount }).execute()
  }

  async anyTables(_event: AccountOpened, _delivery: Delivery) {}
  async otherTables(_event: MoneyDeposited, _delivery: Delivery<{ elsewhere: { id: string } }>) {}
}
defineProjection(PlainLines, {
  name: 'lines',
  version: 1,
  from,
  projects: { deposited: MoneyDeposited, anyTables: AccountOpened },
})
// @ts-expect-error a handler of another event
defineProjection(PlainLines, { name: 'lines', version: 1, from, projects: { deposited: AccountOpened } })
// @ts-expect-error the tables of another projection
defineProjection(PlainLines, { name: 'lines', version: 1, from, projects: { otherTables: MoneyDeposited } })

// Effects

class PlainLetters {
  async deposited({ amount }: MoneyDeposited, { idempotencyKey, signal }: EffectContext) {
    await fetch(`/${idempotencyKey}/${amount}`, { signal })
  }

  synchronous(_event: AccountOpened, { envelope }: EffectContext<AccountOpened>) {
    return envelope.event.owner
  }

  delivery(_event: MoneyDeposited, _delivery: Delivery<StatementTables>) {}
}

same<ReturnType<typeof defineEffects<typeof PlainLetters>>, typeof PlainLetters>(true)
defineEffects(PlainLetters, {
  name: 'letters',
  from,
  begin: 'now',
  on: { deposited: MoneyDeposited, synchronous: AccountOpened },
})
// @ts-expect-error a handler of another event
defineEffects(PlainLetters, { name: 'letters', from, on: { deposited: AccountOpened } })
// @ts-expect-error what a projection gets, and an effect does not
defineEffects(PlainLetters, { name: 'letters', from, on: { delivery: MoneyDeposited } })
// @ts-expect-error a method that there is not
defineEffects(PlainLetters, { name: 'letters', from, on: { withdrawn: MoneyDeposited } })
// @ts-expect-error an option that there is not
defineEffects(PlainLetters, { name: 'letters', from, on: {}, retries: 3 })

// Apps

defineApp({
  name: 'plain',
  aggregates: [Plain],
  projections: [PlainRows, PlainLines],
  preparations: [Steps],
  effects: [PlainLetters],
})
