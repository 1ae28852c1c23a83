import type { App } from 'reprise'
import { Balances } from './bank.js'
import { ask } from './read-side.js'
import { waitFor } from './wait-for.js'

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

/** Until the live generation of the balances has every event of every account, whichever build feeds it. */
export const balancesLevel = (url: string): Promise<void> => levelWithAccounts(url, 'balances')

/** The same of any projection of accounts. */
export async function levelWithAccounts(url: string, projection: string): Promise<void> {
  const level = async (): Promise<boolean> => (await ask(url, BEHIND, [projection])).length === 0
  await waitFor(level, { what: `the ${projection} to have every event`, deadline: 20_000 })
}

const BEHIND = `
SELECT s.id FROM reprise_store.streams s
JOIN reprise_read.projections p ON p.name = $1
LEFT JOIN reprise_read.guards g
  ON g.projection = p.name AND g.generation = p.live_generation AND g.stream = s.type || '-' || s.id
WHERE s.type = 'account' AND g.version IS DISTINCT FROM s.version`

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
