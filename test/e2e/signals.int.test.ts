import { beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { Reprise } from 'reprise'
import { bank } from '../support/bank.js'
import { startBankProcess } from '../support/bank-process.js'
import { caughtUpAll } from '../support/bank-facts.js'
import type { ModuleProcess } from '../support/module-process.js'
import {
  ask,
  foldedBalances,
  quietly,
  Reader,
  shownBalances,
  useFreshDatabases,
} from '../support/read-side.js'
import { waitFor } from '../support/wait-for.js'

const freshDatabase = useFreshDatabases()
let url = ''
beforeEach(async () => {
  url = await freshDatabase()
})

/**
 * Deposits with eight clients, each command with an id of its own, and stops on signals. It writes `begun <id>` before
 * each command and `acked <id>` after it.
 */
async function startTeller(): Promise<{
  readonly process: ModuleProcess
  readonly lines: readonly string[]
}> {
  const process = await startBankProcess(
    `
import { stopOnSignals } from '$src/index.js'
import { writeSync } from 'node:fs'

const app = await Reprise.start(bank, { databaseUrl: process.env.TEST_URL, log: 'postgres', lease: 1000, logLevel: 'silent' })
const say = (line) => writeSync(1, line + '\\n')
stopOnSignals(app, { onSignal: (signal) => say('stopping on ' + signal) })
let count = 0
const client = async (name) => {
  const accountId = 'account-' + process.pid + '-' + name
  await app.execute(new OpenAccount({ accountId, owner: 'Ada' }))
  for (;;) {
    const id = process.pid + '-' + count++
    say('begun ' + id)
    try {
      await app.execute(new DepositMoney({ accountId, amount: 1n }), { commandId: id })
    } catch (error) {
      say('refused ' + id + ' ' + error.code)
      return
    }
    say('acked ' + id)
  }
}
for (let name = 0; name < 8; name++) void client(name)
`,
    { TEST_URL: url },
  )
  const lines: string[] = []
  void (async () => {
    for (;;) lines.push(await process.nextLine())
  })().catch(() => undefined)
  onTestFinished(() => process.kill('SIGKILL'))
  return { process, lines }
}

const idsIn = (lines: readonly string[], verb: string): readonly string[] =>
  lines.filter((line) => line.startsWith(`${verb} `)).map((line) => line.split(' ')[1] ?? '')

/** How often each command of a client is in the store. */
async function storedCounts(): Promise<ReadonlyMap<string, number>> {
  const rows = await ask<{ id: string; count: number }>(
    url,
    `SELECT metadata->>'commandId' AS id, count(*)::int AS count FROM reprise_store.events
     WHERE type = 'MoneyDeposited' GROUP BY 1`,
  )
  return new Map(rows.map(({ id, count }) => [id, count]))
}

async function expectNothingLostOrDoubled(lines: readonly string[]): Promise<void> {
  const stored = await storedCounts()
  const begun = new Set(idsIn(lines, 'begun'))
  for (const id of idsIn(lines, 'acked')) expect([id, stored.get(id)]).toEqual([id, 1])
  for (const [id, count] of stored) expect([id, begun.has(id), count]).toEqual([id, true, 1])
  const app = await Reprise.start(bank, quietly(url))
  try {
    await caughtUpAll(app, url)
    expect(await shownBalances(url)).toEqual(await foldedBalances(url))
    expect(await ask(url, 'SELECT count(*)::int AS rows FROM reprise_store.outbox')).toEqual([{ rows: 0 }])
  } finally {
    await app.stop()
  }
}

describe('stopOnSignals', () => {
  it.each([
    ['SIGTERM', 143],
    ['SIGINT', 130],
  ] as const)(
    'on %s under load finishes what is under way, refuses the rest, and ends with %i',
    async (signal, exitCode) => {
      const { process, lines } = await startTeller()
      await waitFor(() => idsIn(lines, 'acked').length > 200, { what: 'some business', deadline: 30_000 })

      globalThis.process.kill(process.pid, signal)

      expect(await process.ended).toBe(exitCode)
      await waitFor(() => idsIn(lines, 'refused').length === 8, { what: 'all that it said' })
      expect(lines).toContain(`stopping on ${signal}`)
      // In order: whatever was begun was answered, and only a stop that had begun refused anything.
      expect(
        lines.filter((line) => line.startsWith('refused') && !line.endsWith('REPRISE_APP_STOPPED')),
      ).toEqual([])
      expect(idsIn(lines, 'begun').length).toBe(idsIn(lines, 'acked').length + 8)
      expect(await ask(url, 'SELECT member FROM reprise_store.relay_members')).toEqual([])
      expect(await ask(url, 'SELECT member FROM reprise_read.lease_members')).toEqual([])
      await expectNothingLostOrDoubled(lines)
    },
    60_000,
  )

  it('ends at once on the second signal, and nothing is lost or doubled by it', async () => {
    const { process, lines } = await startTeller()
    await waitFor(() => idsIn(lines, 'acked').length > 200, { what: 'some business', deadline: 30_000 })
    await using blocker = await Reader.open(url)
    // What is under way cannot finish, so that a stop waits.
    await blocker.rows('BEGIN')
    await blocker.rows('SELECT FROM reprise_store.streams FOR UPDATE')

    globalThis.process.kill(process.pid, 'SIGTERM')
    await waitFor(() => lines.includes('stopping on SIGTERM'), { what: 'the stop to begin' })
    const asked = performance.now()
    globalThis.process.kill(process.pid, 'SIGTERM')

    expect(await process.ended).toBe(143)
    expect(performance.now() - asked).toBeLessThan(1_000)
    await blocker.rows('ROLLBACK')
    // Sessions of a process that is gone finish what they were told.
    await waitFor(async () => (await ask(url, busySessions)).length === 0, { what: 'its sessions to end' })
    await expectNothingLostOrDoubled(lines)
  }, 60_000)
})

const busySessions = `SELECT pid FROM pg_stat_activity WHERE application_name LIKE 'bank%' AND datname = current_database()`
