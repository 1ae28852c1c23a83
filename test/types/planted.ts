// Wrong uses that nothing excuses: the type tests prove with them that they see errors at all.
import { Aggregate, AggregateRoot, Applies } from 'reprise'
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
