import { Reprise, type Surroundings } from 'reprise'
import { describe, expect, it } from 'vitest'
import { tellStarted } from '../../src/app/start-line.js'
import { bank } from '../support/bank.js'
import { quietly, useFreshDatabases } from '../support/read-side.js'
import { RecordingLogger } from '../support/recording-logger.js'

const freshDatabase = useFreshDatabases()

const surroundings: Surroundings = {
  database: 'db.example:5432/bank',
  readDatabase: 'db.example:5432/bank',
  log: 'kafka:abc',
  dataFolder: undefined,
  roles: ['api', 'relay'],
  health: undefined,
}

describe('the line of a start', () => {
  it('is one, and says where the process works without what opens it', async () => {
    const url = new URL(await freshDatabase())
    url.searchParams.set('options', '-c statement_timeout=54321')
    const logger = new RecordingLogger()
    await using app = await Reprise.start(bank, quietly(url.href, { logger, healthPort: 0 }))

    const told = logger.at('info').filter(({ message }) => message.includes('started'))
    expect(told).toEqual([
      {
        level: 'info',
        facts: {
          app: 'bank',
          roles: 'api,relay,projections',
          log: 'postgres',
          database: `${url.hostname}:${url.port}${url.pathname}`,
          health: app.surroundings.health,
        },
        message: 'bank has started, with its log in Postgres, since KAFKA_BROKERS names no brokers',
      },
    ])
    expect(JSON.stringify(logger.lines)).not.toContain('54321')
    if (url.password !== '') expect(JSON.stringify(logger.lines)).not.toContain(url.password)
  })

  it('is not there where the start fails', async () => {
    const logger = new RecordingLogger()
    const options = quietly('postgres://nobody@127.0.0.1:1/nothing', { logger })

    await expect(Reprise.start(bank, options)).rejects.toMatchObject({ code: 'REPRISE_DATABASE_UNREACHABLE' })

    expect(logger.at('info')).toEqual([])
  })

  it('names the database of the read side and the data folder where there is one', () => {
    const logger = new RecordingLogger()
    const there = { ...surroundings, readDatabase: 'db.example:5432/read', dataFolder: '/data/postgres' }

    tellStarted({ name: 'bank', surroundings: there, hasBrokers: true }, logger)

    expect(logger.lines).toMatchObject([
      {
        facts: { readDatabase: 'db.example:5432/read', dataFolder: '/data/postgres', roles: 'api,relay' },
        message: 'bank has started, with its log in Kafka',
      },
    ])
  })

  it('does not say that brokers are missing where a log in Postgres was chosen beside them', () => {
    const logger = new RecordingLogger()

    tellStarted(
      { name: 'bank', surroundings: { ...surroundings, log: 'postgres' }, hasBrokers: true },
      logger,
    )

    expect(logger.lines[0]?.message).toBe('bank has started, with its log in Postgres')
  })
})
