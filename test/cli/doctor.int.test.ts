import { Reprise, type StartOptions } from 'reprise'
import { beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { Balances, bank, DepositMoney, OpenAccount, Statements } from '../support/bank.js'
import { bankFolder, runCli } from '../support/cli.js'
import { freshDatabase } from '../support/database.js'
import { Reader } from '../support/read-side.js'
import { onServer } from '../support/test-databases.js'

interface Check {
  readonly check: string
  readonly state: string
  readonly fact: string
  readonly remedy: string | null
}

let folder = ''
beforeAll(async () => {
  folder = await bankFolder()
})

let url = ''
beforeEach(async () => {
  const database = await freshDatabase()
  onTestFinished(() => database.drop())
  url = database.url
})

const start = (options: StartOptions = {}) =>
  Reprise.start(bank, { databaseUrl: url, logLevel: 'silent', lease: 1_000, ...options })

const examine = async (environment: NodeJS.ProcessEnv = {}) => {
  const run = await runCli(['doctor', '--json'], {
    folder,
    environment: { DATABASE_URL: url, ...environment },
  })
  const { healthy, checks } = JSON.parse(run.stdout) as { healthy: boolean; checks: readonly Check[] }
  const named = new Map(checks.map((it) => [it.check, it]))
  return { exitCode: run.exitCode, healthy, checks, named, stdout: run.stdout }
}

const query = (sql: string): Promise<unknown> => onServer(url, (client) => client.query(sql))

describe('reprise doctor', () => {
  it('finds no problem with an app that runs, and exits 0', async () => {
    await using app = await start()
    await app.execute(new OpenAccount({ accountId: '1', owner: 'Ada' }))

    const { exitCode, healthy, checks, named } = await examine()

    expect(checks.filter(({ state }) => state === 'problem')).toEqual([])
    expect({ exitCode, healthy }).toEqual({ exitCode: 0, healthy: true })
    expect(named.get('relay')).toMatchObject({ state: 'ok', fact: '1 running, 64 of 64 slots held' })
    expect(named.get('projection balances')).toMatchObject({ state: 'ok' })
    expect(named.get('topic bank.account')).toMatchObject({ state: 'ok' })
    expect(named.get('store schema')).toMatchObject({ state: 'ok' })
  })

  it('says for a person, in a line each, what is and what to do', async () => {
    await (await start()).stop()

    const { stdout, stderr, exitCode } = await runCli(['doctor'], {
      folder,
      environment: { DATABASE_URL: url },
    })

    expect(stdout).toMatch(/^STATE\s+CHECK\s+FACT\n/)
    expect(stdout).toMatch(/^ok\s+Node\.js\s+\d+/m)
    expect(stdout).toMatch(/^ok\s+relay\s+no process is there that publishes events: .*; none waits$/m)
    expect({ stderr, exitCode }).toEqual({ stderr: '', exitCode: 0 })
  })

  it('says that nobody publishes and nobody feeds when the process is down and work waits', async () => {
    {
      await using api = await start({ roles: ['api'] })
      await api.execute(new OpenAccount({ accountId: '1', owner: 'Ada' }))
    }
    const unpublished = await examine()

    expect(unpublished).toMatchObject({ exitCode: 4, healthy: false })
    expect(unpublished.named.get('relay')).toMatchObject({
      state: 'problem',
      fact: 'no process publishes events, and 1 waits',
      remedy: expect.stringContaining('role relay') as string,
    })
    expect(unpublished.named.get('projection balances')).toMatchObject({
      state: 'problem',
      fact: 'was never fed',
    })
  })

  it('says since when nobody feeds a projection that is behind', async () => {
    await (await start()).stop()
    {
      await using relay = await start({ roles: ['api', 'relay'] })
      await relay.execute(new OpenAccount({ accountId: '1', owner: 'Ada' }))
    }

    const { named } = await examine()

    expect(named.get('projection balances')).toMatchObject({
      state: 'problem',
      fact: 'no process feeds it, and 1 record waits',
    })
  })

  it('gives the reason why a projection has stopped', async () => {
    await (await start()).stop()
    await query(`update reprise_read.generations set state = 'stopped', failure = 'the row is gone'`)

    const { exitCode, named } = await examine()

    expect(exitCode).toBe(4)
    expect(named.get('projection balances')).toMatchObject({
      state: 'problem',
      fact: 'has stopped: the row is gone',
    })
  })

  it('names a database that nothing listens for, and checks what it can without', async () => {
    url = 'postgres://reprise:hunter2@127.0.0.1:1/bank'

    const { exitCode, named, stdout } = await examine()

    expect(exitCode).toBe(4)
    expect(named.get('database')).toMatchObject({
      state: 'problem',
      fact: expect.stringContaining('127.0.0.1:1/bank cannot be reached') as string,
      remedy: 'nothing listens there: start the server; its address is that of DATABASE_URL',
    })
    expect(named.get('Node.js')).toMatchObject({ state: 'ok' })
    expect(named.get('store')).toMatchObject({ state: 'not checked' })
    expect(stdout).not.toContain('hunter2')
  })

  it('says that a database was never started on, and makes nothing in it', async () => {
    const { exitCode, named } = await examine()

    expect(exitCode).toBe(4)
    expect(named.get('store schema')?.fact).toBe('there is no reprise_store: the app was never started here')
    const schemas = await onServer(url, (client) =>
      client.query(`select nspname from pg_namespace where nspname like 'reprise%'`),
    )
    expect(schemas.rows).toEqual([])
  })

  it('names a migration that is pending, and a sequence that is not safe', async () => {
    await (await start()).stop()
    await query('alter sequence reprise_store.events_position_seq cache 10')
    await query('delete from reprise_read.migrations where number = 6')

    const { named } = await examine()

    expect(named.get('store sequences')).toMatchObject({ state: 'problem' })
    expect(named.get('read schema')).toMatchObject({ state: 'problem', remedy: 'run reprise db migrate' })
  })

  it('says that the brokers are away, and what the store has recorded', async () => {
    await (await start()).stop()

    const { exitCode, named } = await examine({ KAFKA_BROKERS: '127.0.0.1:1' })

    expect(exitCode).toBe(4)
    expect(named.get('Kafka')).toMatchObject({
      state: 'problem',
      remedy: expect.stringContaining('start a broker of KAFKA_BROKERS (127.0.0.1:1)') as string,
    })
    expect(named.get('relay')).toBeDefined()
  })

  it('says which setting cannot be used, and looks at what needs none', async () => {
    for (const [name, value] of [
      ['REPRISE_LEASE_MS', 'soon'],
      ['DATABASE_URL', 'mysql://db/bank'],
      ['KAFKA_BROKERS', 'broker'],
      ['REPRISE_LOG', 'rabbit'],
    ] as const) {
      const { exitCode, named } = await examine({ [name]: value })

      expect(exitCode).toBe(4)
      expect(named.get('settings')).toMatchObject({
        state: 'problem',
        fact: expect.stringContaining(`the setting ${name} must`) as string,
        remedy: expect.stringContaining(`correct ${name}`) as string,
      })
      expect(named.get('Node.js')).toMatchObject({ state: 'ok' })
    }
  })

  it('says that nobody publishes dead letters, and what the log refused of them', async () => {
    await (await start()).stop()
    await query(
      `insert into reprise_read.outbox (slot, topic, key, headers, recorded_at)
       values (7, 'bank.account.DLT', 'k', '{}', now() - interval '10 minutes')`,
    )
    await query(
      `insert into reprise_read.parked_outbox (id, slot, topic, key, headers, recorded_at, reason)
       values (1, 7, 'bank.account.DLT', 'k', '{}', now(), 'it is too large')`,
    )

    const { exitCode, named } = await examine()

    expect(exitCode).toBe(4)
    expect(named.get('letter relay')).toMatchObject({
      state: 'problem',
      fact: 'no process publishes dead letters, and 1 waits',
      remedy: expect.stringContaining('role relay') as string,
    })
    expect(named.get('letter outbox')).toMatchObject({
      state: 'problem',
      fact: expect.stringMatching(/^1 dead letter waits to be published, the oldest for 6\d\d s$/) as string,
    })
    expect(named.get('refused letters')).toMatchObject({
      state: 'problem',
      fact: expect.stringMatching(/^1 dead letter is not published.*: it is too large$/) as string,
      remedy: 'remove the reason, then run reprise outbox retry',
    })
  })

  it('says where dead letters are published, and that such a topic is missing', async () => {
    await (await start()).stop()
    const before = await examine()
    await query(
      `delete from reprise_store.topic_partitions
       where topic_id = (select id from reprise_store.topics where name = 'bank.account.DLT')`,
    )
    await query(`delete from reprise_store.topics where name = 'bank.account.DLT'`)

    const { named } = await examine()
    await query(
      `insert into reprise_read.outbox (slot, topic, key, headers) values (7, 'bank.account.DLT', 'k', '{}')`,
    )
    const awaited = await examine()

    expect(before.named.get('topic bank.account.DLT')).toMatchObject({
      state: 'ok',
      fact: '4 partitions; dead letters of bank.account are published here',
    })
    expect(named.get('topic bank.account.DLT')).toMatchObject({
      state: 'warning',
      remedy: expect.stringContaining('create it with 4 partitions') as string,
    })
    expect(awaited.named.get('topic bank.account.DLT')).toMatchObject({
      state: 'problem',
      fact: expect.stringMatching(/; some wait there$/) as string,
    })
  })

  it('looks twice whether what waits is being done, and names what stands still', async () => {
    await using app = await start()
    const receipt = await app.execute(new OpenAccount({ accountId: '1', owner: 'Ada' }))
    await app.projections.caughtUp(Balances, receipt)
    await using blocker = await Reader.open(url)
    await blocker.rows('begin')
    await blocker.rows(`select from reprise_read.checkpoints where projection = 'balances' for update`)
    const next = await app.execute(new DepositMoney({ accountId: '1', amount: 1n }))
    await app.projections.caughtUp(Statements, next)

    const { exitCode, named } = await examine()
    await blocker.rows('rollback')
    await app.projections.caughtUp(Balances, next)

    expect(exitCode).toBe(4)
    expect(named.get('progress of projection balances')).toMatchObject({
      state: 'problem',
      fact: expect.stringMatching(/^did not get on in 5 s: bank\.account\/\d \(1 left\)$/) as string,
      remedy: expect.stringContaining('run this again') as string,
    })
    expect(named.has('progress of projection statements')).toBe(false)
    expect((await examine()).named.get('progress')).toMatchObject({ state: 'ok' })
  })

  it('takes it for a finding that something there cannot be looked at', async () => {
    await (await start()).stop()
    await using blocker = await Reader.open(url)
    await blocker.rows('begin')
    await blocker.rows('lock table reprise_store.outbox in access exclusive mode')

    const { exitCode, named } = await examine()

    expect(exitCode).toBe(4)
    expect(named.get('outbox')).toMatchObject({
      state: 'problem',
      fact: 'cannot be looked at: no answer within 4 s',
      remedy: expect.stringContaining('pg_stat_activity') as string,
    })
    expect(named.get('letter outbox')).toMatchObject({ state: 'ok' })
    expect(named.get('progress')).toMatchObject({ state: 'not checked' })
  })

  it('finds that a user lacks rights', async () => {
    await (await start()).stop()
    const user = `doctor_${Date.now().toString(36)}`
    await query(`create role ${user} login password 'x'`)
    const own = new URL(url)
    own.username = user
    own.password = 'x'

    const { exitCode, named } = await examine({ DATABASE_URL: own.href })
    await query(`drop role ${user}`)

    expect(exitCode).toBe(4)
    expect(named.get('read privileges')).toMatchObject({
      state: 'problem',
      fact: 'this user may not use schema reprise_read, create schemas in this database',
      remedy: 'grant it to the user, or connect as the owner of the schema',
    })
  })
})
