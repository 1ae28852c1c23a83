import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'
import type { App, CommandInstance, Receipt } from 'reprise'

/** Milliseconds that transactions are open before they append, at the most: others append to the same streams meanwhile. */
const OPEN_FOR = 1_000

/** Half of the commands, by their ids. */
export const wantsOwnTransaction = (commandId: string): boolean => shareOf(commandId) < 0.5

/** From 0 to 1: ids are random. */
const shareOf = (commandId: string): number => Number.parseInt(commandId.slice(0, 4), 16) / 0xffff

/**
 * Executes a command in a transaction of the caller's own, which has written something long before: its number is lower than
 * those of appends that come before its own.
 */
export async function executeInOwnTransaction(
  app: App,
  databaseUrl: string,
  command: CommandInstance,
  commandId: string,
): Promise<Receipt> {
  const client = new pg.Client({
    connectionString: databaseUrl,
    connectionTimeoutMillis: 2_000,
    application_name: 'chaos caller',
  })
  client.on('error', () => undefined)
  try {
    await client.connect()
    await client.query('BEGIN')
    await client.query('SELECT pg_current_xact_id()')
    await delay(OPEN_FOR * shareOf(commandId))
    const receipt = await app.execute(command, { commandId, tx: client })
    await client.query('COMMIT')
    return receipt
  } finally {
    // It may be silent for good, and then nobody waits for it.
    void client.end().catch(() => undefined)
  }
}
