import type { App } from 'reprise'
import { Balances } from './bank.js'
import { ask } from './read-side.js'

/** Until the balances have everything that is stored. */
export async function caughtUpAll(app: App, url: string): Promise<void> {
  const heads = await ask<{ id: string; version: number }>(
    url,
    `SELECT id, version::int FROM reprise_store.streams WHERE type = 'account'`,
  )
  for (const { id, version } of heads)
    await app.projections.caughtUp(
      Balances,
      { stream: `account-${id}`, version, commandId: '' },
      { timeout: '20s' },
    )
}

/** The schemas of the bank's generations that there are. */
export async function generationSchemas(url: string): Promise<readonly string[]> {
  const rows = await ask<{ name: string }>(
    url,
    `SELECT nspname AS name FROM pg_namespace WHERE nspname LIKE 'bank\\_%' ORDER BY nspname`,
  )
  return rows.map(({ name }) => name)
}

/** What the database knows of generations of the balances. */
export async function generationsOfBalances(url: string) {
  const [row] = await ask<{ live: number; building: number | null }>(
    url,
    `SELECT live_generation AS live, building_generation AS building FROM reprise_read.projections WHERE name = 'balances'`,
  )
  const all = await ask<{ generation: number }>(
    url,
    `SELECT generation FROM reprise_read.generations WHERE projection = 'balances' ORDER BY generation`,
  )
  return { ...row, all: all.map(({ generation }) => generation) }
}
