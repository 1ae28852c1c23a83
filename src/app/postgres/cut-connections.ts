import type { Pool, PoolClient } from 'pg'

/** Notes the connections of these pools, from now on. Called, the answer ends them all, with whatever waits on them. */
export function cutterOf(pools: readonly Pool[]): () => void {
  const open = new Set<PoolClient>()
  for (const pool of pools) {
    pool.on('connect', (client) => open.add(client))
    pool.on('remove', (client) => open.delete(client))
  }
  return () => {
    for (const client of open) void client.end().catch(() => undefined)
  }
}
