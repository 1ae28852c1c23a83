import {
  type AppDefinition,
  defineApp,
  Projection,
  type ProjectionClass,
  Projects,
  type Row,
  TableProjection,
} from 'reprise'
import { Account, AccountOpened, Balances, bank, MoneyDeposited, MoneyWithdrawn, Statements } from './bank.js'

/** What a variant does at a deposit beside what the bank's own projection does; the row is as it was before. */
export type AtDeposit = (event: MoneyDeposited, row: Row<typeof Balances>) => void

/** Balances of the same name, version and columns: what a team deploys that has a bug, or has fixed one. */
export function balancesWith(atDeposit: AtDeposit): ProjectionClass {
  @Projection({ name: 'balances', version: 1, from: [Account] })
  class Variant extends TableProjection({
    table: Balances.table,
    key: Balances.key,
    columns: Balances.columns,
    indexes: Balances.indexes,
  }) {
    @Projects(AccountOpened)
    opened({ owner }: AccountOpened, row: Row<typeof Balances>) {
      row.owner = owner
    }

    @Projects(MoneyDeposited)
    deposited(event: MoneyDeposited, row: Row<typeof Balances>) {
      atDeposit(event, row)
      row.balance += event.amount
    }

    @Projects(MoneyWithdrawn)
    withdrawn({ amount }: MoneyWithdrawn, row: Row<typeof Balances>) {
      row.balance -= amount
    }
  }
  return Variant
}

/** The bank with such balances. */
export function bankWith(atDeposit: AtDeposit): AppDefinition {
  return defineApp({ ...bank, projections: [balancesWith(atDeposit), Statements] })
}
