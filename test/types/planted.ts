// Wrong uses that nothing excuses: the type tests prove with them that they see errors at all.
import {
  Aggregate,
  AggregateRoot,
  Applies,
  defineAggregate,
  long,
  Projection,
  Projects,
  SqlProjection,
  string,
  TableProjection,
} from 'reprise'
import { AccountOpened, MoneyDeposited } from './bank.js'

@Aggregate({ name: 'planted', events: [AccountOpened] })
export class Planted extends AggregateRoot<AccountOpened | MoneyDeposited> {
  @Applies(AccountOpened)
  otherEvent({ amount }: MoneyDeposited) {
    return amount
  }

  @Applies(AccountOpened)
  async slow() {}
}

new MoneyDeposited({ amount: 5 })

@Aggregate({ name: 'stateless', events: [AccountOpened], state: { version: 1, fields: { balance: long() } } })
export class Stateless extends AggregateRoot<AccountOpened> {
  opened(event: AccountOpened) {
    return event
  }

  async slow() {}
}

defineAggregate(Stateless, { name: 'a', events: [AccountOpened], applies: { opened: MoneyDeposited } })
defineAggregate(Stateless, { name: 'a', events: [AccountOpened], applies: { slow: AccountOpened } })

export class Sums extends TableProjection({ table: 'sums', key: 'id', columns: { id: string() } }) {
  @Projects(MoneyDeposited)
  async slow() {}

  @Projects(MoneyDeposited)
  otherEvent(event: AccountOpened) {
    return event.owner === '' ? null : undefined
  }
}

@Projection({ name: 'lines', version: 1, from: [Planted] })
export class Lines extends SqlProjection<object> {
  @Projects(MoneyDeposited)
  otherEvent(event: AccountOpened) {
    return event
  }
}
