import { PostgresLog } from '../log/postgres/index.js'
import type { Handover } from '../outbox/handover.js'
import { MoveWithinPostgres, PostgresReadOutbox, readTables } from '../outbox/postgres/index.js'
import { noEvents, PublishThenSettle } from '../outbox/publish-then-settle.js'
import type { Relay } from '../outbox/relay.js'
import type { Installation } from './installation.js'
import { relayFor } from './relay-for.js'

/** Nobody waits for a letter: milliseconds between looks, which cost little more than nothing. */
const POLL_INTERVAL = 1_000

/** Letters carry whole records, which may be megabytes each. */
const BATCH_SIZE = 20

type LettersInstallation = Pick<
  Installation,
  'databases' | 'log' | 'settings' | 'logger' | 'parts' | 'states'
>

/**
 * Publishes what the read side has in its outbox: the dead letters. A relay of its own, so that a missing dead-letter topic
 * or a read side that is away keeps no event from being published. It holds its first slots when this resolves.
 */
export async function startLetterRelay(installation: LettersInstallation): Promise<Relay> {
  const { read, schemas } = installation.databases
  const outbox = new PostgresReadOutbox(read, schemas.read)
  const relay = relayFor(installation, {
    outbox,
    handover: await handoverOf(installation, outbox),
    leases: { pool: read, tables: readTables(schemas.read) },
    states: installation.states.letterRelay,
    server: installation.states.read,
    what: 'dead letters',
    pace: { pollInterval: POLL_INTERVAL, batchSize: BATCH_SIZE },
  })
  await relay.start()
  return relay
}

/** Where letters and topics are in one database, one transaction moves them. */
async function handoverOf(
  { databases, log, parts: { failpoints } }: LettersInstallation,
  outbox: PostgresReadOutbox,
): Promise<Handover> {
  const { store, schemas } = databases
  if (log instanceof PostgresLog && (await databases.areOne()))
    return new MoveWithinPostgres(store, schemas.store, outbox, log, failpoints)
  return new PublishThenSettle(noEvents, log.publisher(), outbox, failpoints)
}
