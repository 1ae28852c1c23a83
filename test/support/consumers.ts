// Services that only consume: one the bank's accounts, one the orders of a shop that is no app of ours.
import {
  type Contract,
  defineApp,
  defineContract,
  DomainEvent,
  int,
  long,
  Projection,
  Projects,
  type Row,
  string,
  TableProjection,
} from 'reprise'
import { AccountOpened, MoneyDeposited, MoneyWithdrawn } from './bank.js'

export const accounts = (topic = 'bank.account') =>
  defineContract({ name: 'account', topic, events: [AccountOpened, MoneyDeposited, MoneyWithdrawn] })

/** A service that sums up what was paid into accounts. */
export function turnoverService(topic?: string, name = 'fraud') {
  const contract = accounts(topic)

  @Projection({ name: 'turnover', version: 1, from: [contract] })
  class Turnover extends TableProjection({
    table: 'turnover',
    key: 'account_id',
    columns: { account_id: string(), turnover: long(0n), events: int(0) },
  }) {
    @Projects(AccountOpened)
    opened(_event: AccountOpened, row: Row<typeof Turnover>) {
      row.events += 1
    }

    @Projects(MoneyDeposited)
    deposited({ amount }: MoneyDeposited, row: Row<typeof Turnover>) {
      row.turnover += amount
      row.events += 1
    }

    @Projects(MoneyWithdrawn)
    withdrawn({ amount }: MoneyWithdrawn, row: Row<typeof Turnover>) {
      row.turnover -= amount
      row.events += 1
    }
  }

  return { Turnover, service: defineApp({ name, consumes: [contract], projections: [Turnover] }) }
}

export class OrderPlaced extends DomainEvent('OrderPlaced', { pieces: int() }) {}
export class OrderReturned extends DomainEvent('OrderReturned', { pieces: int() }) {}

/** A service that counts the pieces sold, from a topic that is guarded as said. */
export function ordersService(
  guard: Exclude<Contract['guard'], 'versions'>,
  {
    topic = 'shop.orders',
    name = 'stock',
    read,
  }: { topic?: string; name?: string; read?: Contract['read'] } = {},
) {
  const contract = defineContract({
    name: 'order',
    topic,
    events: [OrderPlaced, OrderReturned],
    guard,
    ...(read === undefined ? {} : { read }),
  })

  @Projection({ name: 'sold', version: 1, from: [contract] })
  class Sold extends TableProjection({
    table: 'sold',
    key: 'article',
    columns: { article: string(), pieces: int(0), last_event: string('') },
  }) {
    @Projects(OrderPlaced)
    placed({ pieces }: OrderPlaced, row: Row<typeof Sold>) {
      row.pieces += pieces
    }

    @Projects(OrderReturned)
    returned({ pieces }: OrderReturned, row: Row<typeof Sold>) {
      row.pieces -= pieces
    }
  }

  return { Sold, service: defineApp({ name, consumes: [contract], projections: [Sold] }) }
}
