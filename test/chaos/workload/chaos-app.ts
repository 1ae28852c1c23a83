import { setImmediate } from 'node:timers/promises'
import { type AppDefinition, defineApp, type EffectContext, Effects, On } from 'reprise'
import {
  Account,
  APP,
  Balances,
  Funds,
  ItemAppended,
  Ledger,
  List,
  Lists,
  Statements,
  Totals,
} from './domain.js'
import { actOutside } from './outside.js'

/** Acts on every item, slowly enough to be caught in the act. */
@Effects({ name: 'mail', from: [List], begin: 'earliest' })
export class Mail {
  @On(ItemAppended)
  async appended(_: ItemAppended, context: EffectContext) {
    actOutside('mail', context)
    await setImmediate()
  }
}

/** The bank as an app. Inline projections need both sides in one database. */
export function chaosApp(options: { readonly name?: string; readonly inline: boolean }): AppDefinition {
  return defineApp({
    name: options.name ?? APP,
    aggregates: [Account, List],
    effects: [Mail],
    projections: [Balances, Statements, Totals, Lists, Ledger, ...(options.inline ? [Funds] : [])],
  })
}
