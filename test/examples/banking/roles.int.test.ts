import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { credits, useBankFiles } from '../../support/bank-file.js'
import { type BankingProcess, documentOf, runBanking, startBanking } from '../../support/banking-run.js'
import { ask, useFreshDatabases } from '../../support/read-side.js'

const bankFile = useBankFiles()
const freshDatabase = useFreshDatabases()

const TIMEOUT = 120_000

async function serving(
  url: string,
  roles: string,
  environment: NodeJS.ProcessEnv = {},
): Promise<BankingProcess> {
  const process = await startBanking(url, ['--serve'], { ...environment, REPRISE_ROLES: roles })
  await process.said(`serving ${roles} until Ctrl-C`)
  return process
}

async function interrupted({ child, ended }: BankingProcess): Promise<void> {
  child.kill('SIGINT')
  const { exit, stdout, stderr } = await ended
  expect({ exit, stdout }).toEqual({ exit: 130, stdout: '' })
  // The databases of these tests may lose their data, which they say.
  const unexpected = stderr.split('\n').filter((line) => !line.includes('its data may be lost'))
  expect(unexpected.join('\n')).not.toMatch(/warning|error/i)
}

const API_ALONE = { eventsPublished: 0, eventsApplied: 0, mismatches: 0 }

describe('the bank in three processes, of one role each', () => {
  it(
    'imports, transfers, and agrees on every balance; each stops cleanly',
    async () => {
      const url = await freshDatabase()
      const data = await bankFile(credits(300, 30))
      const relay = await serving(url, 'relay')
      const projections = await serving(url, 'projections')

      const flags = ['--json', '--transfers', '40', '--data', data]
      const run = await runBanking(url, flags, { REPRISE_ROLES: 'api' })
      const again = await runBanking(url, ['--json', '--data', data], { REPRISE_ROLES: 'api' })
      await interrupted(relay)
      await interrupted(projections)

      expect(run).toMatchObject({ exit: 0 })
      expect(documentOf(run)).toMatchObject({ ...API_ALONE, eventsStored: 330 + 80, totalAfter: '30000' })
      expect(again).toMatchObject({ exit: 0 })
      expect(documentOf(again)).toMatchObject({ ...API_ALONE, eventsStored: 0, alreadyKnown: 300 })
      expect(
        await ask(
          url,
          `SELECT (SELECT count(*)::int FROM banking_store.outbox) AS unpublished,
                  (SELECT sum(balance)::text FROM banking.balances) AS balances,
                  (SELECT sum(amount)::text FROM banking.statement_lines) AS statements,
                  (SELECT (sum(credited) - sum(debited))::text FROM banking.daily_totals) AS days,
                  (SELECT balance_after::text FROM banking.ledger_entries ORDER BY entry DESC LIMIT 1) AS ledger`,
        ),
      ).toEqual([{ unpublished: 0, balances: '30000', statements: '30000', days: '30000', ledger: '30000' }])
    },
    TIMEOUT,
  )

  it(
    'share the embedded Postgres of their data folder, which outlives the one that started it',
    async () => {
      const folder = await mkdtemp(join(tmpdir(), 'bank-data-'))
      // The account that the server runs as, where root starts it, must get in.
      await chmod(folder, 0o755)
      const here = { REPRISE_DATA_FOLDER: folder }
      try {
        const first = await serving('', 'relay', here)
        const projections = await serving('', 'projections', here)
        const relay = await serving('', 'relay', here)
        await interrupted(first)

        const data = await bankFile(credits(60, 6))
        const run = await runBanking('', ['--json', '--data', data], { ...here, REPRISE_ROLES: 'api' })
        await interrupted(projections)
        await interrupted(relay)

        expect(run).toMatchObject({ exit: 0 })
        expect(documentOf(run)).toMatchObject({ ...API_ALONE, transactions: 60, eventsStored: 66 })
      } finally {
        await rm(folder, { recursive: true })
      }
    },
    TIMEOUT,
  )

  it(
    'say what they wait for while one of them is missing',
    async () => {
      const url = await freshDatabase()
      const data = await bankFile(credits(4, 2))
      const importing = await startBanking(url, ['--json', '--data', data], { REPRISE_ROLES: 'api,relay' })
      await importing.said('is there one with the role projections?')

      const projections = await serving(url, 'projections')
      const run = await importing.ended
      await interrupted(projections)

      expect(run).toMatchObject({ exit: 0 })
      expect(documentOf(run)).toMatchObject({ eventsPublished: 6, eventsApplied: 0, mismatches: 0 })
    },
    TIMEOUT,
  )
})

describe('the bank with READ_DATABASE_URL', () => {
  it('keeps its books in one database and what is read in another', async () => {
    const [store, read] = [await freshDatabase(), await freshDatabase()]
    const data = await bankFile(credits(40, 4))

    const flags = ['--json', '--transfers', '4', '--data', data]
    const run = await runBanking(store, flags, { READ_DATABASE_URL: read })

    expect(run).toMatchObject({ exit: 0 })
    expect(run.stderr).toMatch(/^database \S+ · read models in \S+ · log postgres/m)
    expect(documentOf(run)).toMatchObject({ mismatches: 0, totalAfter: '4000' })
    expect(await bankSchemas(store)).toEqual(['banking_store'])
    expect(await bankSchemas(read)).toEqual([
      'banking',
      'banking_balances_g1',
      'banking_daily_totals_g1',
      'banking_general_ledger_g1',
      'banking_read',
      'banking_statements_g1',
    ])
    expect(await ask(read, 'SELECT count(*)::int AS entries FROM banking.ledger_entries')).toEqual([
      { entries: 48 },
    ])
  })
})

async function bankSchemas(url: string): Promise<readonly string[]> {
  const sql = `SELECT nspname::text AS name FROM pg_namespace WHERE nspname LIKE 'banking%' ORDER BY 1`
  return (await ask<{ name: string }>(url, sql)).map(({ name }) => name)
}
