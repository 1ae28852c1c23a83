// The bank with effects, and what was done because of its events.
import {
  type App,
  type AppDefinition,
  defineApp,
  defineEffects,
  type EffectContext,
  type EffectsClass,
  type EffectsOptions,
} from 'reprise'
import { effectLettersOf } from '../../src/app/dead-letters.js'
import { effectParts } from '../../src/app/effect-parts.js'
import { Account, DepositMoney, MoneyDeposited, MoneyWithdrawn, OpenAccount } from './bank.js'
import { ask, ReadSide } from './read-side.js'
import { waitFor } from './wait-for.js'

/** Something that a handler did. */
export interface Deed {
  readonly account: string
  readonly amount: bigint
  readonly key: string
  readonly eventId: string
}

export type AtDeposit = (deed: Deed, signal: AbortSignal) => unknown

/** Effects that act on deposits, called `notes` where nothing else is said. */
export function notesThat(act: AtDeposit, options: Partial<EffectsOptions> = {}): EffectsClass {
  class Notes {
    deposited({ amount }: MoneyDeposited, { idempotencyKey: key, envelope, signal }: EffectContext) {
      return act({ account: envelope.stream.id, amount, key, eventId: envelope.eventId }, signal)
    }
  }
  return defineEffects(Notes, {
    name: 'notes',
    from: [Account],
    on: { deposited: MoneyDeposited },
    ...options,
  })
}

/** The same, and on withdrawals as well. */
export function widerNotesThat(act: AtDeposit): EffectsClass {
  class Notes {
    moved({ amount }: MoneyDeposited | MoneyWithdrawn, context: EffectContext) {
      const { idempotencyKey: key, envelope, signal } = context
      return act({ account: envelope.stream.id, amount, key, eventId: envelope.eventId }, signal)
    }

    withdrawn({ amount }: MoneyWithdrawn, context: EffectContext) {
      return this.moved(new MoneyWithdrawn({ amount }), context)
    }

    deposited({ amount }: MoneyDeposited, context: EffectContext) {
      return this.moved(new MoneyDeposited({ amount }), context)
    }
  }
  const on = { deposited: MoneyDeposited, withdrawn: MoneyWithdrawn }
  return defineEffects(Notes, { name: 'notes', from: [Account], on })
}

export const bankActing = (...effects: readonly EffectsClass[]): AppDefinition =>
  defineApp({ name: 'bank', aggregates: [Account], effects })

/** The keys of all deposits, by account in the order of their versions, as the store has them. */
export async function expectedKeys(url: string, name = 'notes'): Promise<readonly string[]> {
  const rows = await ask<{ event_id: string }>(
    url,
    `SELECT event_id FROM reprise_store.events WHERE type = 'MoneyDeposited' ORDER BY stream_id, version`,
  )
  return rows.map(({ event_id }) => `bank.${name}:${event_id}`)
}

/** The keys of deeds, by account in the order in which they were done. */
export const keysOf = (deeds: readonly Deed[]): readonly string[] =>
  deeds.toSorted((one, other) => one.account.localeCompare(other.account)).map(({ key }) => key)

/** The dead letters of the app's only effects, for work on them. */
export async function withLetters<T>(
  url: string,
  app: AppDefinition,
  work: (letters: ReturnType<typeof effectLettersOf>) => Promise<T>,
): Promise<T> {
  await using side = await ReadSide.open(url, app)
  const [model] = side.installation.model.effects
  if (model === undefined) throw new Error('the app has no effects')
  return await work(effectLettersOf(side.installation.databases, effectParts(side.installation, model)))
}

/** Deposits money, one amount after the other. */
export async function deposit(app: App, accountId: string, ...amounts: readonly bigint[]): Promise<void> {
  for (const amount of amounts) await app.execute(new DepositMoney({ accountId, amount }))
}

export async function open(app: App, ...accounts: readonly string[]): Promise<void> {
  for (const accountId of accounts) await app.execute(new OpenAccount({ accountId, owner: 'Ada' }))
}

/** Waits until all that was published has been acted on, or passed by, or parked. */
export async function allActedOn(url: string, name = 'notes'): Promise<void> {
  const isLevel = async (): Promise<boolean> => {
    const [row] = await ask<{ behind: string }>(
      url,
      `SELECT (SELECT count(*) FROM reprise_store.outbox) + sum(p.next_offset - c.next_offset) AS behind
       FROM reprise_read.checkpoints c JOIN reprise_store.topics t ON t.name = c.topic
       JOIN reprise_store.topic_partitions p ON p.topic_id = t.id AND p.partition = c.partition
       WHERE c.projection = $1`,
      [name],
    )
    return row?.behind === '0'
  }
  await waitFor(isLevel, { what: 'all to be acted on' })
}
