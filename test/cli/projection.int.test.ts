import { hostname } from 'node:os'
import { beforeAll, describe, expect, it } from 'vitest'
import { Reprise } from 'reprise'
import { Balances, bank, DepositMoney, OpenAccount, Statements } from '../support/bank.js'
import { bankFolder, runCli, startCli } from '../support/cli.js'
import { useDatabase } from '../support/database.js'
import { onServer } from '../support/test-databases.js'
import { waitFor } from '../support/wait-for.js'

const database = useDatabase()
const accounts = 30
let folder = ''

beforeAll(async () => {
  folder = await bankFolder()
})

function startBank() {
  return Reprise.start(bank, { databaseUrl: database.url, log: 'postgres', logLevel: 'silent' })
}

const inFolder = () => ({ folder, environment: { DATABASE_URL: database.url } })
const reprise = (...args: string[]) => runCli(args, inFolder())

async function listed(): Promise<Record<string, unknown>[]> {
  const { stdout } = await reprise('projection', 'list', '--json')
  return (JSON.parse(stdout) as { projections: Record<string, unknown>[] }).projections
}

/** What a command that only looks must leave as it is. */
async function state(): Promise<unknown> {
  return onServer(database.url, async (client) => {
    const tables = ['read.projections', 'read.generations', 'read.checkpoints', 'store.settings']
    const rows = []
    for (const table of tables) {
      const result = await client.query(`select t::text from reprise_${table} t order by 1`)
      rows.push(result.rows as unknown[])
    }
    return rows
  })
}

/** Holds a snapshot, as a long report does, while something else happens. */
async function whileReading(work: () => Promise<void>): Promise<void> {
  await onServer(database.url, async (client) => {
    await client.query(`set application_name = 'a report'`)
    await client.query('begin isolation level repeatable read')
    await client.query('select count(*) from bank.balances')
    await work()
    await client.query('commit')
  })
}

describe('reprise projection', () => {
  it('lists projections that were never started, and records nothing', async () => {
    await reprise('db', 'migrate')
    const before = await state()

    const projections = await listed()
    const refused = await reprise('projection', 'rebuild', 'balances')

    expect(projections).toMatchObject([
      { name: 'balances', kind: 'table', version: 1, generation: null, state: 'new', lag: 0 },
      { name: 'statements', kind: 'sql', version: 1, generation: null, state: 'new', lag: 0 },
    ])
    expect(refused.stderr).toMatch(/^error: balances cannot be rebuilt: .* start the app once\n$/)
    expect(refused.exitCode).toBe(3)
    expect(await state()).toEqual(before)
  })

  it('lists them while the app runs, without disturbing it', async () => {
    await using app = await startBank()
    for (let account = 0; account < accounts; account++) {
      const accountId = `${account}`
      await app.execute(new OpenAccount({ accountId, owner: 'Ada' }))
      const receipt = await app.execute(new DepositMoney({ accountId, amount: 5n }))
      await app.projections.caughtUp(Balances, receipt)
      await app.projections.caughtUp(Statements, receipt)
    }
    const before = await state()

    const feeders = [{ generation: 1, process: `${hostname()} ${process.pid}` }]
    expect(await listed()).toMatchObject([
      { name: 'balances', generation: 1, state: 'ready', lag: 0, failure: null, feeders },
      { name: 'statements', generation: 1, state: 'ready', lag: 0, failure: null, feeders },
    ])
    expect(await state()).toEqual(before)
  })

  it('prints the list as an aligned table, or plain', async () => {
    const { stdout } = await reprise('projection', 'list')
    const plain = await reprise('projection', 'list', '--plain')

    const [headings = '', first = ''] = stdout.split('\n')
    expect(headings).toMatch(
      /^NAME +KIND +VERSION +GENERATION +BUILDING +STATE +FED BY +NEXT +END +LAG +LETTERS +REBUILD +ERROR$/,
    )
    expect(first.indexOf('table')).toBe(headings.indexOf('KIND'))
    expect(plain.stdout.split('\n')[0]?.split('\t')).toEqual([
      'balances',
      'table',
      '1',
      '1',
      '-',
      'ready',
      '0',
      '60',
      '60',
      '0',
      '0',
      '-',
      '-',
    ])
  })

  it('shows what a rebuild would do with --dry-run, and does none of it', async () => {
    const before = await state()

    const { exitCode, stdout, stderr } = await reprise('projection', 'rebuild', 'balances', '-n')

    expect(stdout).toContain('1 → 2')
    expect(stdout).toContain('fed by      no process now: readers see generation 1 as it stands')
    expect(stdout).toContain('log: the topic begins at the first event')
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
    expect(await state()).toEqual(before)
  })

  it('rebuilds without asking where nobody can answer, the plan before it and the result after it', async () => {
    const { exitCode, stdout, stderr } = await reprise('projection', 'rebuild', 'balances')

    expect(stderr).toMatch(/^rebuild of balances\n[^]*1 → 2[^]*replaying/)
    expect(stdout).toMatch(
      /^rebuilt balances: readers see generation 2 now, 1 is kept\n60 events from the log/,
    )
    expect(exitCode).toBe(0)
  })

  it('answers exactly one document with --json, and one per line on stderr', async () => {
    const { exitCode, stdout, stderr } = await reprise(
      ...['projection', 'rebuild', 'statements', '--from', 'store', '--json'],
    )

    expect(JSON.parse(stdout)).toMatchObject({
      plan: { projection: 'statements', live: 1, building: 2, source: 'store', events: 60 },
      result: { generation: 2, previous: 1, source: 'store', events: 60 },
    })
    const lines = stderr.trimEnd().split('\n')
    expect(lines.map((line) => Object.keys(JSON.parse(line) as object)[0])).toContain('progress')
    expect(exitCode).toBe(0)
  })

  it('says nothing but the result with --quiet', async () => {
    const run = await reprise('projection', 'rebuild', 'statements', '--quiet')

    expect(run).toMatchObject({ exitCode: 0, stderr: '' })
  })

  it('is not mistaken for another one', async () => {
    const slip = await reprise('projection', 'rebuild', 'balance')
    const other = await reprise('projection', 'rebuild', 'overdrafts')

    expect(slip.stderr).toBe('error: bank has no projection "balance": did you mean balances?\n')
    expect(other.stderr).toBe('error: bank has no projection "overdrafts": it has balances, statements\n')
    expect([slip.exitCode, other.exitCode]).toEqual([2, 2])
  })

  it('gives up when a reader does not make way in time, saying which; readers go on', async () => {
    await whileReading(async () => {
      const { exitCode, stdout, stderr } = await reprise(
        ...['projection', 'rebuild', 'balances', '--swap-timeout', '300ms'],
      )

      expect(stderr).toContain('waiting for a report of')
      expect(stderr).toMatch(/not rebuilt: readers of balances go on with generation 2/)
      expect(stderr).toMatch(/error: waited 300 ms for readers/)
      expect({ exitCode, stdout }).toEqual({ exitCode: 5, stdout: '' })
    })
    expect(await listed()).toMatchObject([{ name: 'balances', generation: 2, building: null }, {}])
  })

  it('takes the longest wait from --timeout and REPRISE_TIMEOUT', async () => {
    await whileReading(async () => {
      const flag = await reprise('--timeout', '2s', 'projection', 'rebuild', 'balances')

      const environment = { DATABASE_URL: database.url, REPRISE_TIMEOUT: '2s' }
      const variable = await runCli(['projection', 'rebuild', 'balances'], { folder, environment })

      for (const { exitCode, stderr } of [flag, variable]) {
        expect(stderr).toContain('waits 2 s at most')
        expect(exitCode).toBe(5)
      }
    })
  })

  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('ends cleanly at %s: readers go on, what was built is dropped', async (signal, exitCode) => {
    await whileReading(async () => {
      const rebuild = await startCli(['projection', 'rebuild', 'balances'], inFolder())
      await rebuild.says('waiting for a report')
      rebuild.signal(signal)

      const run = await rebuild.ended
      expect(run.stderr).toContain('stopping cleanly; Ctrl-C once more stops at once')
      expect(run.stderr).toContain('readers of balances go on with generation 2')
      expect(run).toMatchObject({ exitCode, stdout: '' })
    })
    expect(await listed()).toMatchObject([{ name: 'balances', generation: 2, building: null }, {}])
  })

  it('ends at once at the second Ctrl-C, and the next rebuild clears up', async () => {
    await whileReading(async () => {
      const rebuild = await startCli(['projection', 'rebuild', 'balances'], inFolder())
      await rebuild.says('waiting for a report')
      // What clearing up needs is held, so that it cannot end by itself.
      await onServer(database.url, async (client) => {
        await client.query('begin')
        await client.query('lock table reprise_read.generations')
        rebuild.signal('SIGINT')
        await rebuild.says('stopping cleanly')
        rebuild.signal('SIGINT')
        expect((await rebuild.ended).exitCode).toBe(130)
        await client.query('rollback')
      })
    })
    await waitFor(async () => (await reprise('projection', 'rebuild', 'balances')).exitCode === 0, {
      what: 'the sessions of the ended rebuild to be gone',
      deadline: 20_000,
    })
    expect(await listed()).toMatchObject([{ name: 'balances', state: 'ready', building: null, lag: 0 }, {}])
  })

  it('refuses a log that is not the recorded one', async () => {
    await onServer(database.url, (client) =>
      client.query(`update reprise_store.settings set value = 'kafka:other' where name = 'log'`),
    )

    const { exitCode, stderr } = await reprise('projection', 'list', '--json')

    expect(JSON.parse(stderr)).toMatchObject({ error: { code: 'REPRISE_LOG_MISMATCH', exitCode: 3 } })
    expect(exitCode).toBe(3)
  })
})
