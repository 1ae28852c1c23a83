import { type App, CommandRejected } from 'reprise'
import { DepositMoney, OpenAccount, WithdrawMoney } from './bank.js'

/** Business that goes on while something else happens. */
export class Load {
  readonly #app: App
  readonly #accounts: readonly string[]
  readonly #workers: readonly Promise<void>[]
  #accepted = 0
  #ending = false

  private constructor(app: App, accounts: readonly string[], workers: number) {
    this.#app = app
    this.#accounts = accounts
    this.#workers = Array.from({ length: workers }, (_, worker) => this.#work(worker))
  }

  static on(app: App, accounts: readonly string[], workers = 3): Load {
    return new Load(app, accounts, workers)
  }

  /** Commands that were accepted so far. */
  get accepted(): number {
    return this.#accepted
  }

  /** Resolves with the number of accepted commands. */
  async end(): Promise<number> {
    this.#ending = true
    await Promise.all(this.#workers)
    return this.#accepted
  }

  async #work(worker: number): Promise<void> {
    for (let turn = worker; !this.#ending; turn += 7) {
      const accountId = this.#accounts[turn % this.#accounts.length] ?? ''
      const amount = BigInt((turn % 13) + 1)
      const command =
        turn % 3 === 0 ? new WithdrawMoney({ accountId, amount }) : new DepositMoney({ accountId, amount })
      await this.#app.execute(command).then(
        () => this.#accepted++,
        (error: unknown) => {
          if (!(error instanceof CommandRejected)) throw error
        },
      )
    }
  }
}

/** Opens accounts with so many deposits each, of 1, 2, 3 …; gives their ids. */
export async function openAccounts(
  app: App,
  count: number,
  deposits: number,
  prefix = 'acc',
): Promise<readonly string[]> {
  const ids = Array.from({ length: count }, (_, index) => `${prefix}-${index}`)
  await Promise.all(
    ids.map(async (accountId) => {
      await app.execute(new OpenAccount({ accountId, owner: 'Ada' }))
      for (let amount = 1; amount <= deposits; amount++)
        await app.execute(new DepositMoney({ accountId, amount: BigInt(amount) }))
    }),
  )
  return ids
}
