// An aggregate with a declared state, made anew for each way of keeping it.
import {
  Aggregate,
  AggregateRoot,
  type AppDefinition,
  Applies,
  Command,
  CommandRejected,
  defineApp,
  DomainEvent,
  Handles,
  long,
  optional,
  string,
} from 'reprise'
import type { SnapshotPolicy } from '../../src/aggregates/aggregate-model.js'

export class CashPaidIn extends DomainEvent('CashPaidIn', { amount: long(), note: optional(string()) }) {}
export class CashPaidOut extends DomainEvent('CashPaidOut', { amount: long() }) {}
export class TillCounted extends DomainEvent('TillCounted', { cash: long(), movements: long() }) {}

export class PayIn extends Command('PayIn', { tillId: string(), amount: long(), note: optional(string()) })(
  'tillId',
) {}
export class PayOut extends Command('PayOut', { tillId: string(), amount: long() })('tillId') {}
/** Stores what the aggregate knows of itself. */
export class CountTill extends Command('CountTill', { tillId: string() })('tillId') {}

export interface TillOptions {
  readonly snapshots?: SnapshotPolicy
  /** From version 2 on the state is told in other fields. */
  readonly stateVersion?: 1 | 2
  /** Its `restore()` leaves something out. */
  readonly forgetful?: boolean
}

interface TillState {
  readonly cash: bigint
  readonly movements: bigint
  readonly note?: string | undefined
}

/** An app of one till class that is kept in this way. Its events and commands are those of all others. */
export function tillsWith({
  snapshots,
  stateVersion = 1,
  forgetful = false,
}: TillOptions = {}): AppDefinition {
  const fields =
    stateVersion === 1
      ? { cash: long(), movements: long(), note: optional(string()) }
      : { cents: long(), count: long(), last: optional(string()) }

  @Aggregate({
    name: 'till',
    events: [CashPaidIn, CashPaidOut, TillCounted],
    state: { version: stateVersion, fields },
    ...(snapshots === undefined ? {} : { snapshots }),
  } as never)
  class Till extends AggregateRoot<CashPaidIn | CashPaidOut | TillCounted> {
    private held: TillState = { cash: 0n, movements: 0n }

    state() {
      const { cash, movements, note } = this.held
      return stateVersion === 1 ? this.held : { cents: cash, count: movements, last: note }
    }

    restore(state: Readonly<Record<string, unknown>>) {
      const named = stateVersion === 1 ? ['cash', 'movements', 'note'] : ['cents', 'count', 'last']
      const [cash, movements, note] = named.map((name) => state[name])
      this.held = { cash: forgetful ? 0n : cash, movements, note } as TillState
    }

    @Handles(PayIn, { expect: 'any' })
    payIn({ amount, note }: PayIn) {
      if (amount <= 0n) throw new CommandRejected('amount must be positive', { amount })
      this.emit(new CashPaidIn({ amount, note }))
    }

    @Handles(PayOut)
    payOut({ amount }: PayOut) {
      if (amount > this.held.cash) throw new CommandRejected('there is not so much in it', { amount })
      this.emit(new CashPaidOut({ amount }))
    }

    @Handles(CountTill)
    count() {
      const { cash, movements } = this.held
      this.emit(new TillCounted({ cash, movements }))
    }

    @Applies(CashPaidIn)
    paidIn({ amount, note }: CashPaidIn) {
      const { cash, movements } = this.held
      this.held = { cash: cash + amount, movements: movements + 1n, note: note ?? this.held.note }
    }

    @Applies(CashPaidOut)
    paidOut({ amount }: CashPaidOut) {
      const { cash, movements, note } = this.held
      this.held = { cash: cash - amount, movements: movements + 1n, note }
    }

    @Applies(TillCounted)
    counted() {}
  }

  return defineApp({ name: 'shop', aggregates: [Till], projections: [] })
}
