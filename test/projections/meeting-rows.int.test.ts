import type { Pool } from 'pg'
import { beforeEach, describe, expect, it } from 'vitest'
import { type App, Reprise, TimedOut } from 'reprise'
import { PostgresEventStore } from '../../src/aggregates/postgres/event-store.js'
import { routingFor } from '../../src/outbox/routing.js'
import { requestFor } from '../support/append-requests.js'
import { DepositMoney, OpenAccount } from '../support/bank.js'
import { Load, openAccounts } from '../support/load.js'
import {
  bothCaughtUp,
  entered,
  expectBothToEqualTheStore,
  startMeetingProcess,
} from '../support/meeting-facts.js'
import { Journal, meetingBank } from '../support/meeting-rows.js'
import { ask, quietly, Reader, ReadSide, useFreshDatabases } from '../support/read-side.js'
import { waitFor } from '../support/wait-for.js'

const freshDatabase = useFreshDatabases()
let url = ''
beforeEach(async () => {
  url = await freshDatabase()
})

const start = (): Promise<App> => Reprise.start(meetingBank, quietly(url))

/** How long the oldest event has waited that the journal lacks, in seconds. */
async function waitOfJournal(): Promise<number> {
  const [row] = await ask<{ wait: number | null }>(
    url,
    `SELECT extract(epoch FROM clock_timestamp() - min(e.recorded_at))::double precision AS wait
     FROM reprise_store.events e WHERE e.position >= (
       SELECT next_offset FROM reprise_read.checkpoints WHERE projection = 'journal' AND topic = 'store:bank')`,
  )
  return row?.wait ?? 0
}

/** Has some appends take their time between drawing their positions and committing, so that others overtake them. */
function slowCommits(): Promise<unknown> {
  return ask(
    url,
    `CREATE FUNCTION dawdle() RETURNS trigger LANGUAGE plpgsql AS
       $$ BEGIN IF random() < 0.2 THEN PERFORM pg_sleep(random() * 0.03); END IF; RETURN NULL; END $$;
     CREATE CONSTRAINT TRIGGER dawdling AFTER INSERT ON reprise_store.events DEFERRABLE INITIALLY DEFERRED
       FOR EACH ROW EXECUTE FUNCTION dawdle()`,
  )
}

/** Appends to an account in a transaction of the test's own, which stays open until that is committed. */
async function appendWithin(reader: Reader, pool: Pool, id: string): Promise<void> {
  await reader.rows('BEGIN')
  const store = new PostgresEventStore(pool, 'reprise_store', routingFor('bank'))
  await store.appendWithin(reader.client, requestFor([{ id }]))
}

describe('projections by another key than the stream', () => {
  it('equal the fold of the store, in two processes whose connections break while many clients append', async () => {
    await using one = await start()
    await using other = await start()
    await slowCommits()
    const accounts = await openAccounts(one, 12, 3)
    const loads = [Load.on(one, accounts, 4), Load.on(other, accounts, 4)]
    for (let broken = 0, before = 0; broken < 6; broken++) {
      before = loads.reduce((sum, { accepted }) => sum + accepted, 0)
      await waitFor(() => loads.reduce((sum, { accepted }) => sum + accepted, 0) > before + 40, {
        what: 'some business',
      })
      await ask(
        url,
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
         WHERE datname = current_database() AND application_name = 'bank read'`,
      )
    }
    await Promise.all(loads.map((load) => load.end()))

    await bothCaughtUp(one, url)

    await expectBothToEqualTheStore(url)
    expect(await ask(url, 'SELECT DISTINCT state FROM reprise_read.generations')).toEqual([
      { state: 'running' },
    ])
  }, 60_000)

  it('equal the fold of the store after the process that feeds them was killed at any moment', async () => {
    {
      await using app = await start()
      await openAccounts(app, 12, 60)
    }
    // All of it again, so that there is something to be killed at.
    await ask(
      url,
      `DO $$ BEGIN
         TRUNCATE bank_turnover_g1.turnover, bank_journal_g1.journal, reprise_read.guards;
         UPDATE reprise_read.checkpoints SET next_offset = 0, last_event_id = NULL;
       END $$`,
    )
    for (let kill = 0; kill < 3; kill++) {
      const process = await startMeetingProcess(url)
      for (let applied = Math.floor(Math.random() * 3); applied > 0; applied--)
        await Promise.race([
          process.nextLine(),
          waitFor(async () => (await entered(url)) === 12 * 61, { what: 'the end', deadline: 45_000 }),
        ])
      await process.kill('SIGKILL')
    }

    await using app = await start()
    // What they were killed at is gone through one by one.
    await bothCaughtUp(app, url, '45s')
    await expectBothToEqualTheStore(url)
  }, 180_000)

  it('apply nothing again that is delivered again from the beginning', async () => {
    await using app = await start()
    await openAccounts(app, 8, 12)
    await bothCaughtUp(app, url)
    await app.stop()
    await ask(url, 'UPDATE reprise_read.checkpoints SET next_offset = 0, last_event_id = NULL')

    await using again = await start()
    await again.execute(new DepositMoney({ accountId: 'acc-0', amount: 7n }))

    await waitFor(
      async () => {
        const [lane] = await ask<{ next: number }>(
          url,
          `SELECT min(next_offset)::int AS next FROM reprise_read.checkpoints`,
        )
        return lane !== undefined && lane.next > 0
      },
      { what: 'all lanes to be delivered again' },
    )
    await bothCaughtUp(again, url)
    await expectBothToEqualTheStore(url)
  })

  it('know when their last event was recorded', async () => {
    await using app = await start()
    await openAccounts(app, 8, 3)
    await bothCaughtUp(app, url)

    const lanes = await ask<{ projection: string; last: Date }>(
      url,
      'SELECT projection, max(last_recorded_at) AS last FROM reprise_read.checkpoints GROUP BY projection',
    )
    const [newest] = await ask<{ last: Date }>(
      url,
      'SELECT max(recorded_at) AS last FROM reprise_store.events',
    )

    expect(lanes.map(({ last }) => last)).toEqual([newest?.last, newest?.last])
  })
})

describe('the lane of an ordered projection', () => {
  it('keeps up while eight clients append without a pause', async () => {
    await using app = await start()
    const accounts = await openAccounts(app, 12, 1)
    await bothCaughtUp(app, url)
    await slowCommits()
    const load = Load.on(app, accounts, 8)
    const waits: number[] = []
    for (let before = 0; waits.length < 15; before = load.accepted) {
      await waitFor(() => load.accepted >= before + 100, { what: 'some business' })
      waits.push(await waitOfJournal())
    }
    await load.end()
    const ended = performance.now()
    await bothCaughtUp(app, url)

    expect(performance.now() - ended).toBeLessThan(5_000)
    expect(Math.max(...waits)).toBeLessThan(5)
    await expectBothToEqualTheStore(url)
  }, 60_000)

  it('does not wait for transactions of strangers, which write or hold a snapshot', async () => {
    await using app = await start()
    await openAccounts(app, 2, 1)
    await using writer = await Reader.open(url, 'writer')
    await writer.rows('CREATE TABLE strangers (n int)')
    await writer.rows('BEGIN')
    await writer.rows('INSERT INTO strangers VALUES (1)')
    await using reader = await Reader.open(url, 'reader')
    await reader.rows('BEGIN ISOLATION LEVEL REPEATABLE READ')
    await reader.rows('SELECT count(*) FROM reprise_store.events')

    const receipt = await app.execute(new DepositMoney({ accountId: 'acc-0', amount: 5n }))
    await app.projections.caughtUp(Journal, receipt, { timeout: '20s' })

    await expectBothToEqualTheStore(url)
    await writer.rows('COMMIT')
    await reader.rows('COMMIT')
  })

  it('waits for an append in a transaction that is still open, and then has all of it in order', async () => {
    await using app = await start()
    await openAccounts(app, 2, 1)
    await bothCaughtUp(app, url)
    await using side = await ReadSide.open(url, meetingBank)
    await using caller = await Reader.open(url, 'caller')
    await appendWithin(caller, side.installation.databases.store, 'slow')
    const before = await entered(url)

    const receipt = await app.execute(new DepositMoney({ accountId: 'acc-0', amount: 5n }))
    await expect(app.projections.caughtUp(Journal, receipt, { timeout: '700ms' })).rejects.toThrow(TimedOut)
    expect(await entered(url)).toBe(before)
    await caller.rows('COMMIT')
    await app.projections.caughtUp(Journal, receipt, { timeout: '20s' })

    await bothCaughtUp(app, url)
    await expectBothToEqualTheStore(url)
  })

  it('is fed by one process at a time, and by another one soon after that is gone', async () => {
    const process = await startMeetingProcess(url)
    await using app = await start()
    const owner = async () =>
      ask<{ owner: string }>(
        url,
        `SELECT owner FROM reprise_read.leases WHERE scope = 'bank.journal.g1 store:bank' AND expires_at > clock_timestamp()`,
      )
    const [first] = await owner()
    const accounts = await openAccounts(app, 4, 4)
    const load = Load.on(app, accounts, 2)
    await waitFor(async () => (await entered(url)) > 40, { what: 'the other one to work' })
    globalThis.process.kill(process.pid, 'SIGSTOP')

    const second = await waitFor(async () => (await owner()).find((it) => it.owner !== first?.owner), {
      what: 'a take-over',
    })
    globalThis.process.kill(process.pid, 'SIGCONT')
    await load.end()
    await bothCaughtUp(app, url)

    expect(second.owner).not.toBe(first?.owner)
    await expectBothToEqualTheStore(url)
    await process.kill('SIGKILL')
  }, 40_000)

  it('reads on from an event of its own where a store is shared with aggregates that it does not read', async () => {
    await using app = await start()
    await app.execute(new OpenAccount({ accountId: 'a', owner: 'Ada' }))
    await using side = await ReadSide.open(url, meetingBank)
    const store = new PostgresEventStore(
      side.installation.databases.store,
      'reprise_store',
      routingFor('bank'),
    )
    for (let index = 0; index < 5; index++)
      await store.append([requestFor([{ id: `other-${index}`, type: 'stranger' }])])

    const receipt = await app.execute(new DepositMoney({ accountId: 'a', amount: 5n }))
    await app.projections.caughtUp(Journal, receipt, { timeout: '20s' })

    expect(await entered(url)).toBe(2)
    expect(await side.parts('journal').source.progress([])).toMatchObject({
      lanes: [{ topic: 'store:bank', partition: 0, next: 0n, end: 8n }],
      lag: 2n,
    })
  })
})
