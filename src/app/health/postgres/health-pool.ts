import { Pool } from 'pg'

/**
 * Connections of its own for questions about health, as `pool` is connected: where all connections of that are at work,
 * or wait for a server that is away, a question must not wait behind them. None is open unless questions are asked.
 */
export function healthPool(pool: Pool, deadline: number): Pool {
  const own = new Pool({
    ...pool.options,
    application_name: `${pool.options.application_name ?? 'reprise'} health`,
    max: 2,
    connectionTimeoutMillis: deadline,
    query_timeout: deadline,
    statement_timeout: deadline,
    idleTimeoutMillis: 30_000,
  })
  own.on('error', () => undefined)
  own.on('connect', (client) => client.on('error', () => undefined))
  return own
}
