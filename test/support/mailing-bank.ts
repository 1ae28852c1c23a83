import { defineEffects, type EffectContext } from 'reprise'
import type { Deed } from './acting-bank.js'
import { Account, MoneyDeposited } from './bank.js'

interface Mailer {
  send(deed: Deed): void
}

/** Effects that are made with a service. */
export class WithMailer {
  readonly #mailer: Mailer

  constructor(mailer: Mailer) {
    this.#mailer = mailer
  }

  deposited({ amount }: MoneyDeposited, { idempotencyKey: key, envelope }: EffectContext) {
    this.#mailer.send({ account: envelope.stream.id, amount, key, eventId: envelope.eventId })
  }
}
defineEffects(WithMailer, {
  name: 'notes',
  from: [Account],
  inject: ['mailer'],
  on: { deposited: MoneyDeposited },
})
