import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Pool } from 'pg'
import { Reprise } from 'reprise'
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../../src/app/postgres/embedded/index.js'
import { requireSafeSettings } from '../../../src/app/postgres/safe-settings.js'
import { createPool } from '../../../src/postgres/pool.js'
import { bank } from '../../support/bank.js'
import { freshDatabase } from '../../support/database.js'
import { RecordingLogger } from '../../support/recording-logger.js'
import { onServer } from '../../support/test-databases.js'
import { TransactionPooler } from '../../support/transaction-pooler.js'

let url = ''
let logger = new RecordingLogger()
beforeEach(async () => {
  const database = await freshDatabase()
  onTestFinished(() => database.drop())
  url = database.url
  logger = new RecordingLogger()
})

const alter = (change: string): Promise<unknown> =>
  onServer(url, (client) => client.query(`alter database ${new URL(url).pathname.slice(1)} ${change}`))

const start = async (): Promise<void> => {
  await using app = await Reprise.start(bank, { databaseUrl: url, logger })
  expect(app.surroundings.log).toBe('postgres')
}

const warnings = (): readonly string[] => logger.at('warn').map(({ message }) => message)

describe('a start', () => {
  it('refuses a server whose fsync is off', async () => {
    await alter('reset reprise.unsafe_settings')

    await expect(start()).rejects.toThrow(
      /^the setting DATABASE_URL leads to a server with fsync=off, .* turn it on, or declare/,
    )
  })

  it('warns of it where the database declares that its data may be lost', async () => {
    await start()

    expect(logger.at('warn')).toContainEqual({
      level: 'warn',
      facts: { setting: 'DATABASE_URL', unsafe: 'fsync=off, full_page_writes=off, synchronous_commit=off' },
      message: 'DATABASE_URL leads to a database that declares that its data may be lost',
    })
  })

  it('refuses sessions that may only read', async () => {
    await alter('set default_transaction_read_only = on')

    await expect(start()).rejects.toThrow(/default_transaction_read_only=on, .*turn it off for this role/)

    await onServer(url, async (client) => {
      await client.query('set default_transaction_read_only = off')
      await client.query(
        `alter database ${new URL(url).pathname.slice(1)} reset default_transaction_read_only`,
      )
    })
  })

  it.each(['reprise_store.events_position_seq', 'reprise_store.outbox_id_seq', 'reprise_read.outbox_id_seq'])(
    'refuses a cache of numbers in %s, and says how to end it',
    async (sequence) => {
      await start()
      await onServer(url, (client) => client.query(`alter sequence ${sequence} cache 10`))

      const failure: unknown = await start().catch((error: unknown) => error)

      const name = sequence.replace('.', '"."')
      expect(failure).toMatchObject({
        code: 'REPRISE_CONFIGURATION',
        message: expect.stringContaining(`sequence "${name}" has CACHE 10`) as string,
      })
      const [, remedy = ''] = /order: (ALTER .*)$/.exec((failure as Error).message) ?? []
      await onServer(url, (client) => client.query(remedy))
      await start()
    },
  )

  it('refuses a pooler that shares sessions', async () => {
    const pooler = await TransactionPooler.before(url)
    onTestFinished(() => pooler.close())
    url = pooler.url

    await expect(start()).rejects.toThrow(/a pooler that shares one session .*: connect to the server itself/)
  })
})

describe('a server that keeps what it was given', { timeout: 60_000 }, () => {
  let project = ''
  let server: EmbeddedPostgres | undefined
  beforeAll(async () => {
    project = await mkdtemp(join(tmpdir(), 'reprise-safe-'))
    await chmod(project, 0o755)
    server = await startEmbeddedPostgres({
      dataFolder: project,
      settings: { synchronous_commit: 'off', full_page_writes: 'off' },
    })
  })
  afterAll(async () => {
    await server?.stop()
    await rm(project, { recursive: true, force: true })
  })

  const pool = (): Pool => {
    const created = createPool({
      url: server?.url ?? '',
      applicationName: 'safe settings test',
      size: 3,
      idleInTransaction: 5_000,
      logger,
    })
    onTestFinished(() => created.end())
    return created
  }

  it('has every session wait for the disk, those of now and those of later, and warns', async () => {
    const [one, other] = [pool(), pool()]
    const complaints: string[] = []
    const complain = ({ message }: Error): number => complaints.push(message)
    process.on('warning', complain)

    await requireSafeSettings([one, other], 'DATABASE_URL', logger)

    // The driver warns where a connection is asked two things at once, as one that was made for a statement could be.
    await Promise.all(Array.from({ length: 3 }, () => other.query('SELECT pg_sleep(0.1)')))
    await new Promise((resolve) => setImmediate(resolve))
    process.off('warning', complain)
    expect(complaints).toEqual([])
    for (const it of [one, other]) {
      const clients = await Promise.all([it.connect(), it.connect(), it.connect()])
      for (const client of clients) {
        const { rows } = await client.query<{ synchronous_commit: string }>('show synchronous_commit')
        expect(rows).toEqual([{ synchronous_commit: 'on' }])
        client.release()
      }
    }
    expect(warnings()).toEqual([
      expect.stringMatching(/full_page_writes=off/),
      expect.stringMatching(/synchronous_commit=off.*turned on for the sessions of this process/),
    ])
  })
})
