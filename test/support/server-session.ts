import pg from 'pg'

const pools = new Map<string, pg.Pool>()

/** Runs statements on a session of a server that is kept for the next time: a new one costs more than most statements. */
export async function onKeptSession<T>(
  server: string,
  action: (client: pg.ClientBase) => Promise<T>,
): Promise<T> {
  const client = await poolOf(server).connect()
  try {
    return await action(client)
  } finally {
    client.release()
  }
}

function poolOf(server: string): pg.Pool {
  const known = pools.get(server)
  if (known !== undefined) return known
  const pool = new pg.Pool({
    connectionString: server,
    application_name: 'test support',
    max: 2,
    allowExitOnIdle: true,
  })
  // One that was ended is replaced at its next use.
  pool.on('error', () => undefined)
  pools.set(server, pool)
  return pool
}
