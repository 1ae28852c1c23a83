import { randomUUID } from 'node:crypto'
import type { Pool } from 'pg'
import { beforeAll, beforeEach, onTestFinished } from 'vitest'
import { jsonEncoding } from '../../src/contracts/index.js'
import { PostgresLog } from '../../src/log/postgres/index.js'
import type { Handover } from '../../src/outbox/handover.js'
import { type LogPublisher, SLOTS } from '../../src/log/index.js'
import type { Outbox } from '../../src/outbox/outbox.js'
import { PublishThenSettle } from '../../src/outbox/publish-then-settle.js'
import {
  MoveWithinPostgres,
  OUTBOX_SCOPE,
  PostgresEventsByPosition,
  PostgresOutbox,
} from '../../src/outbox/postgres/index.js'
import { Relay, type RelayOptions } from '../../src/outbox/relay.js'
import { LeaseSet } from '../../src/postgres/lease-set.js'
import { Notifications } from '../../src/postgres/notifications.js'
import { deposit, open } from './account-commands.js'
import { uniqueName } from './kafka.js'
import { silentLogger } from './silent-logger.js'
import { countOf, recordsIn } from './store-facts.js'
import { waitFor } from './wait-for.js'
import { type MigratedDatabase, schemas } from './write-side.js'

/** A relay of one process to the Postgres log, with the parts it is made of. */
export interface RelayParts {
  readonly relay: Relay
  readonly owner: string
  readonly outbox: PostgresOutbox
  readonly handover: Handover
  readonly leases: LeaseSet
  readonly log: PostgresLog
  /** Stops it, if that has not been done, and lets its notifications go. */
  close(): Promise<void>
}

export interface RelayPartsOptions extends Partial<
  Pick<RelayOptions, 'batchSize' | 'pollInterval' | 'logger'>
> {
  readonly lease?: number
  /** Stands between the relay and its outbox. */
  readonly around?: (outbox: Outbox) => Outbox
  /** Publishes elsewhere than to the log in Postgres. */
  readonly publisher?: LogPublisher
}

export function relayOver(
  pool: Pool,
  { lease = 1_000, around = (outbox) => outbox, publisher, ...options }: RelayPartsOptions = {},
): RelayParts {
  const owner = randomUUID()
  const notifications = new Notifications(pool, silentLogger)
  const log = postgresLog(pool, notifications)
  const outbox = new PostgresOutbox(pool, schemas.store)
  const handover =
    publisher === undefined
      ? new MoveWithinPostgres(pool, schemas.store, outbox, log)
      : new PublishThenSettle(new PostgresEventsByPosition(pool, schemas.store), publisher, outbox)
  const leases = new LeaseSet({
    pool,
    tables: { schema: schemas.store, leases: 'relay_slots', members: 'relay_members' },
    scope: OUTBOX_SCOPE,
    items: SLOTS,
    member: owner,
    ttl: lease,
  })
  const parts = { outbox: around(outbox), handover, leases, owner, lease, logger: silentLogger }
  const relay = new Relay({ ...parts, ...options })
  const close = async () => {
    await relay.stop()
    await notifications.close()
  }
  return { relay, owner, outbox, handover, leases, log, close }
}

export const postgresLog = (pool: Pool, notifications: Notifications, pollInterval?: number): PostgresLog =>
  new PostgresLog({
    pool,
    store: schemas.store,
    leasePool: pool,
    read: schemas.read,
    encoding: jsonEncoding({ service: 'bank', storeId: 'store-1' }),
    notifications,
    logger: silentLogger,
    ...(pollInterval === undefined ? {} : { pollInterval }),
  })

/** An outbox that does what another one does, for a test to change a part of. */
export const throughTo = (outbox: Outbox): Outbox => ({
  claim: (...asked) => outbox.claim(...asked),
  settle: (rows, fence) => outbox.settle(rows, fence),
  park: (rows, fence) => outbox.park(rows, fence),
})

/** What tests of relays do over and over. */
export interface Relays {
  /** A relay that is stopped when the test is over. Its lease is 1 s unless said otherwise. */
  parts(options?: RelayPartsOptions, url?: string): RelayParts
  /** A new account with this many events, none of them published yet. */
  accountWith(events: number): Promise<string>
  outboxEmpty(): Promise<true>
  /** Whether this many relays hold slots, all of them together. */
  heldBy(owners: number): Promise<boolean>
  /** The versions of a stream, in the order of the topic. */
  versionsOf(account: string): Promise<readonly bigint[]>
}

/** Makes the topic, and sees to it that each test begins with nothing to publish. */
export function useRelays(database: MigratedDatabase, topic: string): Relays {
  const parts = (options: RelayPartsOptions = {}, url?: string): RelayParts => {
    const made = relayOver(database.connect(4, url), options)
    onTestFinished(async () => {
      await made.close()
      await made.leases.leave()
    })
    return made
  }
  const outboxEmpty = () =>
    waitFor(async () => (await countOf(database.pool, 'outbox')) === 0, { what: 'the outbox to be empty' })
  beforeAll(async () => {
    const { log, close } = relayOver(database.pool)
    await log.topics.create({ name: topic, partitions: 4 })
    await close()
  })
  beforeEach(async () => {
    const { relay, close } = relayOver(database.pool)
    await relay.start()
    await outboxEmpty()
    await close()
  })
  return {
    parts,
    outboxEmpty,
    heldBy: async (owners) => {
      const { rows } = await database.pool.query<{ owner: string }>(
        `SELECT owner FROM ${schemas.store}.relay_slots WHERE expires_at > clock_timestamp()`,
      )
      return rows.length === SLOTS && new Set(rows.map(({ owner }) => owner)).size === owners
    },
    accountWith: async (events) => {
      const side = database.writeSide()
      const account = uniqueName('account')
      await open(side, account)
      for (let more = 1; more < events; more++) await deposit(side, account, 1n)
      return account
    },
    versionsOf: async (account) =>
      (await recordsIn(database.pool, topic))
        .filter(({ key }) => key === account)
        .map(({ version }) => version),
  }
}
