import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import type { Generated } from 'kysely'
import {
  Aggregate,
  AggregateRoot,
  Applies,
  Command,
  CommandRejected,
  type CreateTables,
  type Context,
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
} from 'reprise'

// The bank that chaos is let loose on. What its events and read models mean is written down for the checker in facts.ts.

export class AccountOpened extends DomainEvent('AccountOpened', { owner: string(), grant: long() }) {}
export class MoneyWithdrawn extends DomainEvent('MoneyWithdrawn', {
  amount: long(),
  transferId: string(),
  bookedOn: string(),
}) {}
export class MoneyDeposited extends DomainEvent('MoneyDeposited', {
  amount: long(),
  transferId: string(),
  bookedOn: string(),
}) {}
export class NoteWritten extends DomainEvent('NoteWritten', { text: string(), mark: optional(string()) }) {}
export class ItemAppended extends DomainEvent('ItemAppended', { item: string() }) {}

export class OpenAccount extends Command('OpenAccount', {
  accountId: string(),
  owner: string(),
  grant: long(),
})('accountId') {}
export class Withdraw extends Command('Withdraw', {
  accountId: string(),
  amount: long(),
  transferId: string(),
})('accountId') {}
export class Deposit extends Command('Deposit', {
  accountId: string(),
  amount: long(),
  transferId: string(),
})('accountId') {}
export class WriteNote extends Command('WriteNote', {
  accountId: string(),
  text: string(),
  mark: optional(string()),
})('accountId') {}
export class AppendItem extends Command('AppendItem', { listId: string(), item: string() })('listId') {}

@Aggregate({
  name: 'account',
  events: [AccountOpened, MoneyWithdrawn, MoneyDeposited, NoteWritten],
  topic: { partitions: 6 },
})
export class Account extends AggregateRoot<AccountOpened | MoneyWithdrawn | MoneyDeposited | NoteWritten> {
  private balance = 0n

  @Handles(OpenAccount, { expect: 'noStream' })
  open({ owner, grant }: OpenAccount) {
    this.emit(new AccountOpened({ owner, grant }))
  }

  @Handles(Withdraw)
  withdraw({ amount, transferId }: Withdraw, { now }: Context) {
    if (amount > this.balance) throw new CommandRejected('the balance does not cover it', { amount })
    this.emit(new MoneyWithdrawn({ amount, transferId, bookedOn: dayOf(now) }))
  }

  @Handles(Deposit)
  deposit({ amount, transferId }: Deposit, { now }: Context) {
    this.emit(new MoneyDeposited({ amount, transferId, bookedOn: dayOf(now) }))
  }

  @Handles(WriteNote)
  note({ text, mark }: WriteNote) {
    this.emit(new NoteWritten({ text, mark }))
  }

  @Applies(AccountOpened)
  protected opened({ grant }: AccountOpened) {
    this.balance = grant
  }

  @Applies(MoneyWithdrawn)
  protected withdrawn({ amount }: MoneyWithdrawn) {
    this.balance -= amount
  }

  @Applies(MoneyDeposited)
  protected deposited({ amount }: MoneyDeposited) {
    this.balance += amount
  }

  @Applies(NoteWritten)
  protected noted() {
    // A note moves no money.
  }
}

@Aggregate({ name: 'list', events: [ItemAppended], topic: { partitions: 2 } })
export class List extends AggregateRoot<ItemAppended> {
  @Handles(AppendItem, { expect: 'any' })
  append({ item }: AppendItem) {
    this.emit(new ItemAppended({ item }))
  }

  @Applies(ItemAppended)
  protected appended() {
    // The order of the items is that of the events.
  }
}

const dayOf = (time: Date): string => time.toISOString().slice(0, 10)
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')

@Projection({ name: 'balances', version: 1, from: [Account] })
export class Balances extends TableProjection({
  table: 'balances',
  key: 'account_id',
  columns: { account_id: string(), balance: long(0n), entries: long(0n) },
}) {
  @Projects(AccountOpened)
  opened({ grant }: AccountOpened, row: Row<typeof Balances>) {
    row.balance += grant
    row.entries += 1n
  }

  @Projects(MoneyWithdrawn)
  withdrawn({ amount }: MoneyWithdrawn, row: Row<typeof Balances>) {
    row.balance -= amount
    row.entries += 1n
  }

  @Projects(MoneyDeposited)
  deposited({ amount }: MoneyDeposited, row: Row<typeof Balances>) {
    row.balance += amount
    row.entries += 1n
  }

  @Projects(NoteWritten)
  noted(_: NoteWritten, row: Row<typeof Balances>) {
    row.entries += 1n
  }
}

/** Written in the append's own transaction, so that any snapshot of it shows all of the money. */
@Projection({ name: 'funds', version: 1, from: [Account], inline: true })
export class Funds extends TableProjection({
  table: 'funds',
  key: 'account_id',
  columns: { account_id: string(), balance: long(0n) },
}) {
  @Projects(AccountOpened)
  opened({ grant }: AccountOpened, row: Row<typeof Funds>) {
    row.balance += grant
  }

  @Projects(MoneyWithdrawn)
  withdrawn({ amount }: MoneyWithdrawn, row: Row<typeof Funds>) {
    row.balance -= amount
  }

  @Projects(MoneyDeposited)
  deposited({ amount }: MoneyDeposited, row: Row<typeof Funds>) {
    row.balance += amount
  }
}

export interface StatementTables {
  statement_lines: {
    applied: Generated<bigint>
    event_id: string
    account_id: string
    version: number
    type: string
    amount: bigint
    order_hash: string
  }
}

/** A line per applied event. Nothing in the table would refuse one that is applied twice. */
@Projection({ name: 'statements', version: 1, from: [Account] })
export class Statements extends SqlProjection<StatementTables> {
  static tables: CreateTables = async (db, schema) => {
    const own = db.withSchema(schema).schema
    await own
      .createTable('statement_lines')
      .addColumn('applied', 'bigint', (column) => column.generatedAlwaysAsIdentity())
      .addColumn('event_id', 'uuid', (column) => column.notNull())
      .addColumn('account_id', 'text', (column) => column.notNull())
      .addColumn('version', 'integer', (column) => column.notNull())
      .addColumn('type', 'text', (column) => column.notNull())
      .addColumn('amount', 'bigint', (column) => column.notNull())
      .addColumn('order_hash', 'text', (column) => column.notNull())
      .execute()
    await own
      .createIndex('statement_lines_by_account')
      .on('statement_lines')
      .columns(['account_id', 'applied'])
      .execute()
  }

  @Projects(AccountOpened)
  async opened({ grant }: AccountOpened, delivery: Delivery<StatementTables>) {
    await addLine(grant, delivery)
  }

  @Projects(MoneyWithdrawn)
  async withdrawn({ amount }: MoneyWithdrawn, delivery: Delivery<StatementTables>) {
    await addLine(-amount, delivery)
  }

  @Projects(MoneyDeposited)
  async deposited({ amount }: MoneyDeposited, delivery: Delivery<StatementTables>) {
    await addLine(amount, delivery)
  }

  @Projects(NoteWritten)
  async noted({ mark }: NoteWritten, delivery: Delivery<StatementTables>) {
    refuseMarked(mark)
    await addLine(0n, delivery)
  }
}

async function addLine(amount: bigint, { tx, schema, envelope }: Delivery<StatementTables>): Promise<void> {
  const { stream, version, type, eventId } = envelope
  const before = await tx
    .withSchema(schema)
    .selectFrom('statement_lines')
    .select('order_hash')
    .where('account_id', '=', stream.id)
    .orderBy('applied', 'desc')
    .limit(1)
    .executeTakeFirst()
  const order_hash = sha256(`${before?.order_hash ?? ''}|${version}|${type}|${amount}`)
  await tx
    .insertInto('statement_lines')
    .values({ event_id: eventId, account_id: stream.id, version, type, amount, order_hash })
    .execute()
}

/** The file whose existence says that the handler has been repaired. */
const REPAIRED = process.env['CHAOS_REPAIRED'] ?? ''

/** 'always' fails for good, 'until-repaired' until somebody has mended the handler. */
function refuseMarked(mark: string | undefined): void {
  if (mark === undefined) return
  if (mark === 'until-repaired' && existsSync(REPAIRED)) return
  throw new Error(`the handler cannot take a note that is marked ${mark}`)
}

@Projection({
  name: 'totals',
  version: 1,
  from: [Account],
  key: (event, { type }) => ('bookedOn' in event ? `${event.bookedOn} ${type}` : undefined),
  across: 'commutative',
})
export class Totals extends TableProjection({
  table: 'totals',
  key: 'day_and_operation',
  columns: { day_and_operation: string(), entries: long(0n), amount: long(0n) },
}) {
  @Projects(MoneyWithdrawn)
  withdrawn({ amount }: MoneyWithdrawn, row: Row<typeof Totals>) {
    row.entries += 1n
    row.amount += amount
  }

  @Projects(MoneyDeposited)
  deposited({ amount }: MoneyDeposited, row: Row<typeof Totals>) {
    row.entries += 1n
    row.amount += amount
  }
}

@Projection({ name: 'lists', version: 1, from: [List] })
export class Lists extends TableProjection({
  table: 'lists',
  key: 'list_id',
  columns: { list_id: string(), entries: long(0n), items: string('') },
}) {
  @Projects(ItemAppended)
  appended({ item }: ItemAppended, row: Row<typeof Lists>) {
    row.items = row.entries === 0n ? item : `${row.items},${item}`
    row.entries += 1n
  }
}

@Projection({ name: 'ledger', version: 1, from: [Account], across: 'ordered', key: () => 'all' })
export class Ledger extends TableProjection({
  table: 'ledger',
  key: 'ledger',
  columns: { ledger: string(), entries: long(0n), amount: long(0n), order_hash: string('') },
}) {
  @Projects(MoneyWithdrawn)
  withdrawn({ amount }: MoneyWithdrawn, row: Row<typeof Ledger>, { eventId }: { eventId: string }) {
    enter(row, -amount, eventId)
  }

  @Projects(MoneyDeposited)
  deposited({ amount }: MoneyDeposited, row: Row<typeof Ledger>, { eventId }: { eventId: string }) {
    enter(row, amount, eventId)
  }
}

function enter(row: Row<typeof Ledger>, amount: bigint, eventId: string): void {
  row.entries += 1n
  row.amount += amount
  row.order_hash = sha256(`${row.order_hash}|${eventId}`)
}

export const APP = 'chaos'
