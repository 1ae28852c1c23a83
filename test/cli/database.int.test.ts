import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { bankFolder, folderWith, runCli } from '../support/cli.js'
import { useDatabase } from '../support/database.js'
import { onServer } from '../support/test-databases.js'

let folder = ''
beforeAll(async () => {
  folder = await bankFolder()
})

/** Runs a command against a database, and reads its document. */
async function answer(url: string, ...args: string[]) {
  const run = await runCli([...args, '--json'], { folder, environment: { DATABASE_URL: url } })
  return { ...run, document: run.stdout === '' ? undefined : (JSON.parse(run.stdout) as unknown) }
}

async function schemasIn(url: string): Promise<readonly string[]> {
  const { rows } = await onServer(url, (client) =>
    client.query<{ name: string }>(
      `select nspname as name from pg_namespace where nspname like 'reprise%' order by 1`,
    ),
  )
  return rows.map(({ name }) => name)
}

describe('reprise db', () => {
  const database = useDatabase()

  it('tells what is pending, and shows the SQL, without changing anything', async () => {
    const status = await answer(database.url, 'db', 'status')
    const plan = await answer(database.url, 'db', 'migrate', '--dry-run')

    expect(status).toMatchObject({ exitCode: 0, document: { sides: [{ applied: [] }, { applied: [] }] } })
    expect(plan).toMatchObject({ exitCode: 0, document: { dryRun: true } })
    expect(await schemasIn(database.url)).toEqual([])
  })

  it('shows SQL that a client can run in place of the migration', async () => {
    const run = { folder, environment: { DATABASE_URL: database.url } }
    const { stdout: sql } = await runCli(['db', 'migrate', '-n'], run)
    await onServer(database.url, (client) => client.query(sql))

    const status = await answer(database.url, 'db', 'status')
    expect(status.document).toMatchObject({
      sides: [
        { side: 'store', schema: 'reprise_store', pending: [], unknown: [] },
        { side: 'read', schema: 'reprise_read', pending: [], unknown: [] },
      ],
    })
    await onServer(database.url, (client) =>
      client.query('drop schema reprise_store cascade; drop schema reprise_read cascade'),
    )
  })

  it('applies what is pending once, and says what it applied', async () => {
    const first = await answer(database.url, 'db', 'migrate')
    const second = await answer(database.url, 'db', 'migrate')

    expect(first.document).toMatchObject({
      dryRun: false,
      sides: [
        { side: 'store', applied: expect.arrayContaining(['0001_event_store']) as unknown },
        { side: 'read', applied: expect.arrayContaining(['0001_read_side']) as unknown },
      ],
    })
    expect(second.document).toMatchObject({ sides: [{ applied: [] }, { applied: [] }] })
    expect([first.exitCode, second.exitCode]).toEqual([0, 0])
  })

  it('enters the event types of the app, once, for builds that do not know them', async () => {
    await answer(database.url, 'db', 'migrate')
    const entered = () =>
      onServer(database.url, (client) =>
        client.query<{ type: string; at: Date }>(
          `select event_type as type, entered_at as at from reprise_store.schemas where stream_type = 'account' order by 1`,
        ),
      )
    const { rows } = await entered()
    await answer(database.url, 'db', 'migrate')

    expect(rows.map(({ type }) => type)).toContain('MoneyDeposited')
    expect((await entered()).rows).toEqual(rows)
  })

  it('leaves a side of a newer release alone, and the other side too', async () => {
    await onServer(database.url, (client) =>
      client.query(
        `insert into reprise_read.migrations (number, name) values (9999, '9999_ahead');
         drop schema reprise_store cascade`,
      ),
    )

    const status = await answer(database.url, 'db', 'status')
    const migrated = await answer(database.url, 'db', 'migrate')
    const listed = await answer(database.url, 'projection', 'list')

    expect(status).toMatchObject({ exitCode: 0, document: { sides: [{}, { unknown: [9999] }] } })
    expect(migrated).toMatchObject({ exitCode: 3, document: undefined })
    expect(JSON.parse(migrated.stderr)).toMatchObject({ error: { code: 'REPRISE_DATABASE_TOO_NEW' } })
    expect(listed.exitCode).toBe(3)
    expect(await schemasIn(database.url)).toEqual(['reprise_read'])
  })
})

describe('a command that cannot reach its database', () => {
  const database = useDatabase()

  it.each([
    ['is not there', () => 'postgres://127.0.0.1:1/none', '127.0.0.1:1', 1],
    ['refuses the password', () => withPassword(database.url, 'mistaken'), 'password', 1],
    ['does not exist', () => database.url.replace(/\w+$/, 'nowhere'), 'nowhere', 1],
    ['is no database', () => 'mysql://localhost/x', 'must look like postgres://', 2],
  ])('says in one line that it %s', async (_case, url, reason, exitCode) => {
    const run = { folder, environment: { DATABASE_URL: url() } }
    const { stderr, ...rest } = await runCli(['projection', 'list'], run)

    expect(stderr).toMatch(/^error: .*DATABASE_URL.*\n$/)
    expect(stderr).toContain(reason)
    expect(stderr).not.toContain('mistaken')
    expect(rest).toEqual({ exitCode, stdout: '' })
  })

  it('says in one line that the broker is not there', async () => {
    await answer(database.url, 'db', 'migrate')
    const environment = { DATABASE_URL: database.url, KAFKA_BROKERS: '127.0.0.1:1' }
    const { exitCode, stderr } = await runCli(['projection', 'list'], { folder, environment })

    expect(stderr).toMatch(/^error: the log kafka at 127\.0\.0\.1:1 is not available: .*\n$/)
    expect(exitCode).toBe(1)
  })

  it('makes no embedded database where there is none', async () => {
    const empty = await folderWith({})
    const environment = { REPRISE_DATA_FOLDER: join(empty, 'data') }

    for (const args of [
      ['db', 'status'],
      ['projection', 'list'],
      ['db', 'migrate', '-n'],
    ]) {
      const { exitCode, stderr } = await runCli(args, { folder, environment })
      expect(stderr).toContain('holds no database yet')
      expect(exitCode).toBe(1)
    }
  })

  it('says so when the data folder cannot be used', async () => {
    const file = join(folder, 'package.json')
    const { exitCode, stderr } = await runCli(['db', 'migrate'], {
      folder,
      environment: { REPRISE_DATA_FOLDER: file },
    })

    expect(stderr).toContain(`the data folder ${file} cannot be used`)
    expect(exitCode).toBe(1)
  })
})

function withPassword(url: string, password: string): string {
  const changed = new URL(url)
  changed.password = password
  return changed.href
}
