import { beforeAll, describe, expect, it } from 'vitest'
import { Reprise } from 'reprise'
import { slotOf } from '../../src/log/index.js'
import { bank, OpenAccount } from '../support/bank.js'
import { bankFolder, type CliRun, runCli } from '../support/cli.js'
import { useDatabase } from '../support/database.js'
import { onServer } from '../support/test-databases.js'

const database = useDatabase()
const TOPIC = 'bank.account'
let folder: string

const reprise = (...args: readonly string[]): Promise<CliRun> =>
  runCli(['outbox', ...args], {
    folder,
    environment: { DATABASE_URL: database.url, REPRISE_LOG: 'postgres' },
  })

beforeAll(async () => {
  folder = await bankFolder()
  const options = { databaseUrl: database.url, log: 'postgres', logLevel: 'silent', roles: ['api'] } as const
  await using app = await Reprise.start(bank, options)
  await app.execute(new OpenAccount({ accountId: '1', owner: 'Ada' }))
  await onServer(database.url, (client) =>
    client.query(
      `insert into reprise_store.parked_outbox (id, slot, topic, key, event_position, reason) values
         (-4, $1, '${TOPIC}', 'big', 1, 'it is too large\u001b[2J'), (-3, $1, '${TOPIC}', 'big', 1, null),
         (-2, $2, '${TOPIC}', 'old', 1, 'its time is too long ago')`,
      [slotOf(TOPIC, 'big'), slotOf(TOPIC, 'old')],
    ),
  )
})

describe('reprise outbox status', () => {
  it('shows what waits, that nobody publishes it, and what was refused and why, harmless to the terminal', async () => {
    const run = await reprise('status')

    expect(run).toMatchObject({ exitCode: 0, stderr: '' })
    expect(run.stdout).toMatch(/^SIDE +PENDING +OLDEST +SLOTS HELD +RELAYS +PARKED\n/)
    expect(run.stdout).toMatch(/\nstore +1 +\d+\.\d s +0 +0 +3\n/)
    expect(run.stdout).toMatch(/\nread +0 +- +0 +0 +0\n/)
    expect(run.stdout).toMatch(/\nstore +\d+ +1 +nobody +-\n/)
    expect(run.stdout).toMatch(/store +bank\.account +big +2 +\S+ +it is too large\\u001b\[2J\n/)
    expect(run.stdout).not.toContain('\u001b')
  })

  it('gives a program the same as a document', async () => {
    const run = await reprise('status', '--json')

    const { sides } = JSON.parse(run.stdout) as { sides: readonly Record<string, unknown>[] }
    expect(sides).toMatchObject([
      {
        side: 'store',
        pending: 1,
        oldestAgeMs: expect.any(Number) as number,
        slots: [{ pending: 1, owner: null }],
        parked: [
          { topic: TOPIC, key: 'big', rows: 2 },
          { topic: TOPIC, key: 'old', rows: 1, reason: 'its time is too long ago' },
        ],
      },
      { side: 'read', pending: 0, oldest: null, slots: [], parked: [] },
    ])
  })
})

describe('reprise outbox retry', () => {
  it('changes nothing before it is told which rows', async () => {
    for (const args of [[], ['--key', 'big'], ['--topic', TOPIC], ['--all', '--key', 'big']]) {
      const run = await reprise('retry', ...args)
      expect(run).toMatchObject({ exitCode: 2, stdout: '' })
    }
    const dry = await reprise('retry', '--all', '--dry-run', '--json')

    expect(JSON.parse(dry.stdout)).toMatchObject({ dryRun: true, rows: 0, plan: [{ rows: 2 }, { rows: 1 }] })
    expect(await rows('parked_outbox')).toHaveLength(3)
  })

  it('sends the rows of a key back under their own ids, says so, and writes down who did it', async () => {
    const run = await reprise('retry', '--topic', TOPIC, '--key', 'big', '--by', 'ada')

    expect(run).toMatchObject({ exitCode: 0 })
    expect(run.stderr).toContain('it is too large')
    expect(run.stdout).toContain('2 rows are in the outbox again')
    expect(await rows('parked_outbox')).toEqual([expect.objectContaining({ key: 'old' })])
    const ids = (await rows('outbox')).map(({ id, key }) => [id, key])
    expect(ids).toEqual([
      ['-4', 'big'],
      ['-3', 'big'],
      [expect.any(String), '1'],
    ])
    expect(await rows('audit_log')).toEqual([
      expect.objectContaining({
        actor: 'ada',
        action: 'outbox retry',
        target: { topic: TOPIC, key: 'big', rows: 2 },
      }),
    ])
  })

  it('says that there is nothing where nothing of the kind is parked', async () => {
    const run = await reprise('retry', '--topic', TOPIC, '--key', 'nobody')

    expect(run).toMatchObject({ exitCode: 0, stdout: 'no such rows are parked\n' })
    expect(await rows('audit_log')).toHaveLength(1)
  })
})

async function rows(name: string): Promise<readonly Record<string, unknown>[]> {
  return onServer(database.url, async (client) => {
    const { rows } = await client.query<Record<string, unknown>>(
      `select * from reprise_store.${name} order by id`,
    )
    return rows
  })
}
