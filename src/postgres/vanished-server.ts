import { Client, type ClientConfig, type Pool, type PoolClient } from 'pg'
import { isDatabaseError } from './database-error.js'

/**
 * Ends the pool's connections that are owed an answer once the server answers nobody any more. A server that vanished
 * without a word would otherwise keep a statement waiting for as long as the kernel sends it again: a quarter of an hour.
 *
 * A statement may take any time it needs, for as long as the server takes new connections: only after a third of `limit`
 * without an answer is it asked, and it has another third to reply. What waits on an ended connection fails as after any
 * other loss, no later than `limit` milliseconds after it was sent.
 */
export function endWhenServerVanishes(pool: Pool, config: ClientConfig, limit: number): void {
  const third = limit / 3
  const owed = new Map<PoolClient, number>()
  let asking = false
  pool.on('connect', (client) => noteOwed(client, owed))
  pool.on('remove', (client) => owed.delete(client))
  const timer = setInterval(() => {
    if (pool.ended) clearInterval(timer)
    const now = performance.now()
    const waiting = [...owed].filter(([, since]) => now - since >= third)
    if (waiting.length === 0 || asking) return
    asking = true
    void answers(config, third).then((answered) => {
      asking = false
      if (answered) return
      for (const [client, since] of waiting)
        if (owed.get(client) === since) void client.end().catch(() => undefined)
    })
  }, third)
  timer.unref()
}

/** Keeps since when a connection is owed an answer: from a statement on, until none is under way. */
function noteOwed(client: PoolClient, owed: Map<PoolClient, number>): void {
  const send = client.query.bind(client) as (...statement: unknown[]) => unknown
  const query = (...statement: unknown[]): unknown => {
    if (!owed.has(client)) owed.set(client, performance.now())
    return send(...statement)
  }
  // The driver tells when a connection has become free, and not when it is put to work.
  client.query = query as typeof client.query
  client.on('drain', () => owed.delete(client))
}

/** Whether the server takes a new connection. One that refuses it in its own words is there. */
async function answers(config: ClientConfig, within: number): Promise<boolean> {
  const client = new Client({ ...config, connectionTimeoutMillis: within })
  client.on('error', () => undefined)
  try {
    await client.connect()
    return true
  } catch (error) {
    return isDatabaseError(error)
  } finally {
    void client.end().catch(() => undefined)
  }
}
