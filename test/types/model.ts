// What must compile, and what must not: each wrong use is marked, and a mark without an error is an error.
import {
  Aggregate,
  AggregateRoot,
  Applies,
  boolean,
  Command,
  type Context,
  date,
  decimal,
  defineApp,
  type Delivery,
  DomainEvent,
  type EffectContext,
  Effects,
  enumeration,
  type Envelope,
  Handles,
  int,
  long,
  type Mutable,
  On,
  optional,
  Projection,
  Projects,
  type Row,
  SqlProjection,
  string,
  TableProjection,
  timestamp,
  uuid,
  type Values,
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

type Equals<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
const same = <A, B>(_proof: Equals<A, B>): void => undefined

// Fields give their types

const everyKind = {
  text: string(),
  count: int(0),
  amount: long(),
  open: boolean(),
  id: uuid(),
  at: timestamp(),
  day: date(),
  side: enumeration(['credit', 'debit']),
  note: optional(string()),
}
interface EveryKind {
  readonly text: string
  readonly count: number
  readonly amount: bigint
  readonly open: boolean
  readonly id: string
  readonly at: Date
  readonly day: string
  readonly side: 'credit' | 'debit'
  readonly note?: string | undefined
}
same<Values<typeof everyKind>, { [K in keyof EveryKind]: EveryKind[K] }>(true)
same<Row<typeof Balances>, { account_id: string; balance: bigint }>(true)
same<Mutable<{ readonly a: string; readonly b?: number }>, { a: string; b?: number }>(true)
// @ts-expect-error the helper itself tells types apart
same<Row<typeof Balances>, { account_id: string; balance: number }>(true)

// Events

new MoneyDeposited({ amount: 5n })
new MoneyDeposited({ amount: 5n, reference: undefined })
// @ts-expect-error a number where a long is declared
new MoneyDeposited({ amount: 5 })
// @ts-expect-error a value is missing
new AccountOpened({ owner: 'x' })
// @ts-expect-error null is not the absence of an optional value
new MoneyDeposited({ amount: 5n, reference: null })
// @ts-expect-error a value that no field declares
new MoneyDeposited({ amount: 5n, currency: 'CZK' })
// @ts-expect-error events do not change
new MoneyDeposited({ amount: 5n }).amount = 6n
// @ts-expect-error a value outside of the enumeration
new (DomainEvent('Booked', { side: enumeration(['credit', 'debit']) }))({ side: 'both' })
// @ts-expect-error an initial value of another type
long(0)
// @ts-expect-error an initial value outside of the enumeration
enumeration(['credit', 'debit'], 'both')
// @ts-expect-error what is optional already
optional(optional(string()))

class Booked extends DomainEvent('Booked', {
  type: enumeration(['VYBER', 'PRIJEM']),
  name: string(),
  id: string(),
}) {}
const booked = new Booked({ type: 'VYBER', name: 'rent', id: '1' })
same<typeof booked.type, 'VYBER' | 'PRIJEM'>(true)
same<typeof booked.name, string>(true)
same<typeof booked.id, string>(true)
same<typeof Booked.type, 'Booked'>(true)

class Penalty extends DomainEvent('Penalty', { amount: long() }) {}
class Interest extends DomainEvent('Interest', { amount: long() }) {}
// @ts-expect-error another event of the same shape
const penalty: Penalty = new Interest({ amount: 1n })
// @ts-expect-error a plain object of the same shape
const plain: Penalty = { amount: 1n }

// Commands

class Book extends Command('Book', { type: string(), name: string(), id: string() })('id') {}
same<InstanceType<typeof Book>['type'], string>(true)
same<typeof Book.target, 'id'>(true)
// @ts-expect-error a target that is not one of the fields
Command('Bad', { accountId: string() })('account')
// @ts-expect-error a target that is not text
Command('Bad', { accountId: long() })('accountId')
// @ts-expect-error a target that may be absent
Command('Bad', { accountId: optional(string()) })('accountId')
// @ts-expect-error a number where a long is declared
new DepositMoney({ accountId: '576', amount: 5 })

// Aggregates

@Aggregate({ name: 'loan', events: [AccountOpened, MoneyDeposited] })
class Loan extends AggregateRoot<AccountOpened | MoneyDeposited> {
  // @ts-expect-error an applier of another event
  @Applies(AccountOpened)
  otherEvent({ amount }: MoneyDeposited) {
    return amount
  }

  // @ts-expect-error an applier of another event of the same shape
  @Applies(Interest)
  sameShape(event: Penalty) {
    return event
  }

  // @ts-expect-error an applier of something narrower than the event
  @Applies(MoneyDeposited)
  narrower(event: MoneyDeposited & { reference: string }) {
    return event
  }

  // @ts-expect-error an async applier
  @Applies(AccountOpened)
  async slow() {}

  // @ts-expect-error an applier that is async at times
  @Applies(AccountOpened)
  slowAtTimes(event: AccountOpened): void | Promise<void> {
    if (event.owner === 'x') return Promise.resolve()
  }

  // @ts-expect-error an applier gets the event alone
  @Applies(AccountOpened)
  curious(_event: AccountOpened, _context: Context) {}

  // @ts-expect-error a handler of another command
  @Handles(OpenAccount)
  otherCommand({ amount }: DepositMoney) {
    return amount
  }

  // @ts-expect-error an async handler
  @Handles(OpenAccount)
  async slowly() {}

  // @ts-expect-error a command where an event belongs
  @Applies(OpenAccount)
  notAnEvent() {}

  // @ts-expect-error an event where a command belongs
  @Handles(AccountOpened)
  notACommand() {}

  // @ts-expect-error an expectation that there is not
  @Handles(OpenAccount, { expect: 'sometimes' })
  unexpected() {}

  emits() {
    // @ts-expect-error an event that the aggregate may not emit
    this.emit(new Penalty({ amount: 1n }))
  }
}

// @ts-expect-error events that do not cover what it may emit
@Aggregate({ name: 'narrow', events: [AccountOpened] })
class Narrow extends AggregateRoot<AccountOpened | MoneyDeposited> {}

@Aggregate({ name: 'wide', events: [AccountOpened, MoneyDeposited] })
class Wide extends AggregateRoot<AccountOpened> {}

// @ts-expect-error a class that is no aggregate
@Aggregate({ name: 'stranger', events: [AccountOpened] })
class Stranger {}

// @ts-expect-error an aggregate that is made from more than its id
@Aggregate({ name: 'demanding', events: [AccountOpened] })
class Demanding extends AggregateRoot<AccountOpened> {
  constructor(
    id: string,
    readonly service: { call(): void },
  ) {
    super(id)
  }
}

// Projections

@Projection({ name: 'rows', version: 1, from: [Account] })
class Rows extends TableProjection({
  table: 'rows',
  key: 'account_id',
  columns: { account_id: string(), balance: long(0n), note: optional(string()) },
}) {
  @Projects(MoneyDeposited)
  withEnvelope(event: MoneyDeposited, row: Row<typeof Rows>, envelope: Envelope<MoneyDeposited>) {
    row.note = envelope.event.reference ?? event.reference
  }

  @Projects(AccountOpened)
  clears(_event: AccountOpened, row: Row<typeof Rows>): void {
    row.note = undefined
  }

  // @ts-expect-error a handler of another event
  @Projects(AccountOpened)
  otherEvent(event: MoneyDeposited, row: Row<typeof Rows>) {
    row.balance += event.amount
  }

  // @ts-expect-error the row of another projection
  @Projects(MoneyDeposited)
  otherRow(_event: MoneyDeposited, row: { amount: bigint }) {
    row.amount = 0n
  }

  // @ts-expect-error an async handler of a row
  @Projects(MoneyDeposited)
  async slow(_event: MoneyDeposited, _row: Row<typeof Rows>) {}

  @Projects(MoneyDeposited)
  deletes(_event: MoneyDeposited, _row: Row<typeof Rows>) {
    return null
  }

  @Projects(MoneyDeposited)
  deletesAtTimes({ amount }: MoneyDeposited, row: Row<typeof Rows>) {
    if (amount === row.balance) return null
    row.balance -= amount
    return undefined
  }

  // @ts-expect-error a handler of a row that returns something
  @Projects(MoneyDeposited)
  returns(_event: MoneyDeposited, row: Row<typeof Rows>) {
    return row
  }

  // @ts-expect-error a handler of a row that returns a promise at times
  @Projects(MoneyDeposited)
  slowAtTimes({ amount }: MoneyDeposited, _row: Row<typeof Rows>): null | Promise<void> {
    return amount > 0n ? Promise.resolve() : null
  }

  // @ts-expect-error a delivery where a row belongs
  @Projects(MoneyDeposited)
  delivery(_event: MoneyDeposited, _delivery: Delivery) {}
}

@Projection({ name: 'lines', version: 1, from: [Account] })
class Lines extends SqlProjection<StatementTables> {
  static tables() {
    return Promise.resolve()
  }

  @Projects(MoneyDeposited)
  async typed(event: MoneyDeposited, { tx }: Delivery<StatementTables>) {
    await tx.insertInto('statement_lines').values({ account_id: 'x', amount: event.amount }).execute()
  }

  @Projects(MoneyDeposited)
  sync() {}

  @Projects(MoneyDeposited)
  async columns(_event: MoneyDeposited, { tx }: Delivery<StatementTables>) {
    // @ts-expect-error a number where the table has a bigint
    await tx.insertInto('statement_lines').values({ account_id: 'x', amount: 5 }).execute()
  }

  // @ts-expect-error a handler of another event
  @Projects(AccountOpened)
  async otherEvent(_event: MoneyDeposited) {}

  // @ts-expect-error the tables of another projection
  @Projects(MoneyDeposited)
  async otherTables(_event: MoneyDeposited, _delivery: Delivery<{ elsewhere: { id: string } }>) {}

  // @ts-expect-error a row where a delivery belongs
  @Projects(MoneyDeposited)
  async row(_event: MoneyDeposited, _row: Row<typeof Rows>) {}
}

// @ts-expect-error a SQL projection that does not create its tables
@Projection({ name: 'tableless', version: 1, from: [Account] })
class Tableless extends SqlProjection<StatementTables> {}

// @ts-expect-error a class that is no projection
@Projection({ name: 'stranger', version: 1, from: [Account] })
class StrangerProjection {}

// @ts-expect-error a source that emits nothing
@Projection({ name: 'sourceless', version: 1, from: [Rows] })
class Sourceless extends TableProjection({ table: 't', key: 'id', columns: { id: string() } }) {}

// @ts-expect-error a key that is not one of the columns
TableProjection({ table: 't', key: 'id', columns: { other: string() } })
TableProjection({ table: 't', key: 'id', columns: { id: date() } })
TableProjection({ table: 't', key: 'id', columns: { id: enumeration(['a', 'b']) } })
TableProjection({ table: 't', key: 'id', columns: { id: decimal(5, 2) } })
// @ts-expect-error a key that may be left out
TableProjection({ table: 't', key: 'id', columns: { id: optional(date()) } })
// @ts-expect-error a key that is not text
TableProjection({ table: 't', key: 'id', columns: { id: long() } })
// @ts-expect-error an index over what is not a column
TableProjection({ table: 't', key: 'id', columns: { id: string() }, indexes: [['balance']] })

// Effects

@Effects({
  name: 'letters',
  from: [Account],
  begin: 'earliest',
  attempts: 3,
  timeout: '2s',
  inject: ['mailer'],
})
class Letters {
  constructor(readonly mailer: { send(key: string, signal: AbortSignal): Promise<void> }) {}

  @On(MoneyDeposited)
  async deposited({ amount }: MoneyDeposited, { idempotencyKey, envelope, signal }: EffectContext) {
    await this.mailer.send(`${idempotencyKey} ${amount} ${envelope.version}`, signal)
  }

  @On(MoneyDeposited)
  withEnvelope(_event: MoneyDeposited, { envelope }: EffectContext<MoneyDeposited>) {
    return envelope.event.amount
  }

  @On(AccountOpened)
  synchronous() {}

  @On(AccountOpened)
  protected opened({ owner }: AccountOpened) {
    return Promise.resolve(owner)
  }

  // @ts-expect-error a handler of another event
  @On(AccountOpened)
  async otherEvent(_event: MoneyDeposited) {}

  // @ts-expect-error the envelope of another event
  @On(AccountOpened)
  async otherEnvelope(_event: AccountOpened, _context: EffectContext<MoneyDeposited>) {}

  // @ts-expect-error what a projection gets, and an effect does not
  @On(MoneyDeposited)
  async delivery(_event: MoneyDeposited, { tx }: Delivery) {
    await tx.selectFrom('x').execute()
  }
}

// @ts-expect-error effects that read from nowhere
@Effects({ name: 'sourceless' })
class SourcelessEffects {}

// @ts-expect-error a beginning that there is not
@Effects({ name: 'later', from: [Account], begin: 'later' })
class LaterEffects {}

// Apps

defineApp({ name: 'wide', aggregates: [Wide], projections: [Rows, Lines], effects: [Letters] })
// @ts-expect-error an object where a class of effects belongs
defineApp({ name: 'mixed', aggregates: [Wide], effects: [{}] })
// @ts-expect-error a projection where an aggregate belongs
defineApp({ name: 'mixed', aggregates: [Rows] })
// @ts-expect-error an aggregate where a projection belongs
defineApp({ name: 'mixed', aggregates: [], projections: [Wide] })

export {
  Demanding,
  LaterEffects,
  Loan,
  Narrow,
  penalty,
  plain,
  Sourceless,
  SourcelessEffects,
  Stranger,
  StrangerProjection,
  Tableless,
}
