// Declared state, preparing steps, keys of projections, contracts: what must compile, and what must not.
import {
  Aggregate,
  AggregateRoot,
  type Context,
  defineApp,
  defineContract,
  Handles,
  long,
  optional,
  type PreparationContext,
  Preparations,
  Prepares,
  Projection,
  type StateOf,
  string,
  TableProjection,
} from 'reprise'
import { Account, AccountOpened, DepositMoney, MoneyDeposited, OpenAccount } from './bank.js'

type Equals<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
export const same = <A, B>(_proof: Equals<A, B>): void => undefined

export const events = [AccountOpened, MoneyDeposited] as const
export const state = { version: 1, fields: { balance: long(), note: optional(string()) } }

// Declared state

@Aggregate({ name: 'kept', events, state, snapshots: { every: 100 } })
class Kept extends AggregateRoot<AccountOpened | MoneyDeposited> {
  private balance = 0n

  state() {
    return { balance: this.balance }
  }

  restore({ balance }: StateOf<Kept>) {
    this.balance = balance
  }
}
const kept: StateOf<Kept> = { balance: 5n }
// @ts-expect-error a value of another type in a state
const otherKept: StateOf<Kept> = { balance: 5 }

@Aggregate({ name: 'with_note', events, state })
class WithNote extends AggregateRoot<AccountOpened | MoneyDeposited> {
  private note: string | undefined

  state() {
    return { balance: 0n, note: this.note }
  }

  restore({ note }: StateOf<WithNote>) {
    this.note = note
  }
}

@Aggregate({
  name: 'by_policy',
  events,
  state,
  snapshots: ({ version, eventsSince }) => eventsSince > version / 2,
})
class ByPolicy extends AggregateRoot<AccountOpened | MoneyDeposited> {
  state() {
    return { balance: 0n, note: 'x' }
  }

  restore() {}
}

// @ts-expect-error a state that is declared and not there
@Aggregate({ name: 'stateless', events, state })
class Stateless extends AggregateRoot<AccountOpened | MoneyDeposited> {}

// @ts-expect-error a state of another type
@Aggregate({ name: 'other_state', events, state })
class OtherState extends AggregateRoot<AccountOpened | MoneyDeposited> {
  state() {
    return { balance: 0 }
  }

  restore(_state: { balance: number }) {}
}

// @ts-expect-error a state with a value missing
@Aggregate({ name: 'half_state', events, state })
class HalfState extends AggregateRoot<AccountOpened | MoneyDeposited> {
  state() {
    return { note: 'x' }
  }

  restore() {}
}

// @ts-expect-error a state that cannot be restored
@Aggregate({ name: 'one_way', events, state })
class OneWay extends AggregateRoot<AccountOpened | MoneyDeposited> {
  state() {
    return { balance: 0n }
  }
}

// @ts-expect-error a state that is restored from more than is declared
@Aggregate({ name: 'greedy', events, state })
class Greedy extends AggregateRoot<AccountOpened | MoneyDeposited> {
  state() {
    return { balance: 0n, owner: 'x' }
  }

  restore(_state: { balance: bigint; owner: string }) {}
}

// @ts-expect-error a state that comes later
@Aggregate({ name: 'late', events, state })
class Late extends AggregateRoot<AccountOpened | MoneyDeposited> {
  async state() {
    return { balance: 0n }
  }

  restore() {}
}

// @ts-expect-error events that do not cover what it may emit, beside a state
@Aggregate({ name: 'narrow', events: [AccountOpened], state })
class NarrowKept extends AggregateRoot<AccountOpened | MoneyDeposited> {
  state() {
    return { balance: 0n }
  }

  restore() {}
}

// @ts-expect-error a state topic, which there is not yet
Aggregate({ name: 'topic', events, state: { version: 1, fields: { balance: long() }, topic: 'compacted' } })
// @ts-expect-error a field that is none
Aggregate({ name: 'fields', events, state: { version: 1, fields: { balance: 0n } } })
// @ts-expect-error snapshots that say nothing
Aggregate({ name: 'snapshots', events, state, snapshots: {} })

// What a handler may ask of its stream

export class Member extends AggregateRoot<AccountOpened> {
  join({ owner }: OpenAccount, { now }: Context) {
    this.reserve('email', owner)
    this.release('email', owner)
    this.closeStream()
    this.emit(new AccountOpened({ owner, openedAt: now }))
    // @ts-expect-error a value that is not text
    this.reserve('email', 5)
  }
}
// @ts-expect-error only an aggregate itself reserves
new Member('1').reserve('email', 'a@b.c')

// Preparing steps

export interface Rates {
  readonly rate: number
}

@Preparations({ inject: ['rates', Symbol('clock')] })
class Prepared {
  constructor(
    readonly rates: () => Promise<number>,
    readonly clock: () => Date,
  ) {}

  @Prepares(DepositMoney, { timeout: '2s' })
  async rate({ amount }: DepositMoney, { signal }: PreparationContext): Promise<Rates> {
    signal.throwIfAborted()
    return { rate: Number(amount) * (await this.rates()) }
  }

  // @ts-expect-error a step for another command
  @Prepares(OpenAccount)
  async otherCommand({ amount }: DepositMoney) {
    return amount
  }

  // @ts-expect-error a step that does not wait for anything
  @Prepares(OpenAccount)
  sync() {
    return 5
  }

  // @ts-expect-error an event where a command belongs
  @Prepares(AccountOpened)
  async notACommand() {}

  // @ts-expect-error a span of time that is none
  @Prepares(OpenAccount, { timeout: 'soon' })
  async untimed() {}
}

class Uses extends AggregateRoot<MoneyDeposited> {
  @Handles(DepositMoney)
  withPrepared({ amount }: DepositMoney, { prepared }: Context<Rates>) {
    same<typeof prepared, Rates>(true)
    this.emit(new MoneyDeposited({ amount }))
  }

  @Handles(DepositMoney)
  unasked(_command: DepositMoney, { prepared }: Context) {
    // @ts-expect-error what was prepared is not known unless the handler says so
    void prepared.rate
  }

  // @ts-expect-error another command beside what was prepared
  @Handles(OpenAccount)
  otherCommand(_command: DepositMoney, _context: Context<Rates>) {}

  // @ts-expect-error a context that there is not
  @Handles(OpenAccount)
  otherContext(_command: OpenAccount, _context: Rates) {}
}

// Projections by another key than the stream

@Projection({
  name: 'by_owner',
  version: 1,
  from: [Account],
  key: (event, { occurredAt }) => ('owner' in event ? event.owner : occurredAt.toISOString()),
  across: 'commutative',
})
class ByOwner extends TableProjection({ table: 'by_owner', key: 'owner', columns: { owner: string() } }) {}

Projection({
  name: 'ledger',
  version: 1,
  from: [Account],
  key: () => 'all',
  across: 'ordered',
  inject: ['x'],
})
Projection({ name: 'inline', version: 1, from: [Account], inline: true })
Projection({
  name: 'typed',
  version: 1,
  from: [Account],
  key: (event, envelope) => {
    same<typeof event, AccountOpened | MoneyDeposited>(true)
    same<typeof envelope.event, AccountOpened | MoneyDeposited>(true)
    return envelope.stream.id
  },
})
const keyed = { name: 'k', version: 1, from: [Account], across: 'ordered' } as const
Projection({ ...keyed, key: (event) => ('owner' in event ? event.owner : undefined) })
// @ts-expect-error a key of one event where the sources emit two
Projection({ ...keyed, key: ({ owner }: AccountOpened) => owner })
// @ts-expect-error a key of what not every event has
Projection({ ...keyed, key: ({ owner }) => owner })
// @ts-expect-error a key that is not text
Projection({ ...keyed, key: (event) => event })
// @ts-expect-error a key that comes later
Projection({ ...keyed, key: async () => 'x' })
// @ts-expect-error a way to meet that there is not
Projection({ name: 'k', version: 1, from: [Account], key: () => 'x', across: 'sometimes' })
// @ts-expect-error a token that is none
Projection({ name: 'k', version: 1, from: [Account], inject: [5] })

// Contracts

const accounts = defineContract({ name: 'account', topic: 'banking.account', events })
same<
  (typeof accounts)['events'][number] extends abstract new (...args: never[]) => infer E ? E : never,
  AccountOpened | MoneyDeposited
>(true)
defineContract({ name: 'card', topic: 'cards', events: [MoneyDeposited], guard: { eventIds: '60m' } })
// @ts-expect-error a guard that there is not
defineContract({ name: 'card', topic: 'cards', events: [MoneyDeposited], guard: 'hope' })
// @ts-expect-error a command where events belong
defineContract({ name: 'card', topic: 'cards', events: [OpenAccount] })
Projection({
  name: 'foreign',
  version: 1,
  from: [accounts],
  key: (event) => ('owner' in event ? event.owner : 'x'),
})
Projection({
  name: 'foreign',
  version: 1,
  from: [defineContract({ name: 'opened', topic: 'opened', events: [AccountOpened] })],
  key: ({ owner }) => owner,
})
// @ts-expect-error a key of what the contract's events do not have
Projection({ name: 'k', version: 1, from: [accounts], key: ({ owner }) => owner })

// Apps

defineApp({ name: 'consumer', consumes: [accounts], projections: [ByOwner] })
defineApp({ name: 'all', aggregates: [Kept, ByPolicy], preparations: [Prepared] })
// @ts-expect-error an aggregate where a contract belongs
defineApp({ name: 'mixed', consumes: [Account] })
// @ts-expect-error a contract where an aggregate belongs
defineApp({ name: 'mixed', aggregates: [accounts] })

export { Greedy, HalfState, kept, Late, NarrowKept, OneWay, otherKept, OtherState, Stateless, Uses, WithNote }
