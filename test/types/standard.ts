// What only standard decorators can be put on, and ours must not.
import { AggregateRoot, Handles } from 'reprise'
import { DepositMoney, type MoneyDeposited } from './bank.js'

export class Account extends AggregateRoot<MoneyDeposited> {
  // @ts-expect-error a method that only the class itself can call
  @Handles(DepositMoney)
  #hidden() {}

  // @ts-expect-error a method of the class, not of an aggregate
  @Handles(DepositMoney)
  static shared() {}

  // @ts-expect-error what is no method
  @Handles(DepositMoney)
  field = () => this.#hidden()
}
