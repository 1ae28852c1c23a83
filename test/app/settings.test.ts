import { describe, expect, it } from 'vitest'
import { settingsFor, type StartOptions } from '../../src/app/settings.js'
import { ConfigurationError } from '../../src/core/errors/index.js'
import { milliseconds } from '../../src/app/duration.js'

const definition = { name: 'bank', schemaPrefix: 'bank' }
const production = { NODE_ENV: 'production', DATABASE_URL: 'postgres://db/bank', REPRISE_LOG: 'postgres' }

describe('settingsFor', () => {
  it('needs nothing in development', () => {
    expect(settingsFor(definition, {}, {})).toMatchObject({
      databaseUrl: undefined,
      log: 'postgres',
      provision: true,
      lease: 15_000,
      schemaPrefix: 'bank',
      readDatabaseUrl: undefined,
      roles: new Set(['api', 'relay', 'projections']),
      maxPayloadBytes: 900_000,
      commandTimeout: 10_000,
      maxCommands: 10_000,
      shutdownTimeout: 25_000,
      health: { port: undefined, host: '127.0.0.1', stallAfter: 30_000 },
    })
  })

  it('takes an option before the environment, and the environment before the default', () => {
    const environment = { REPRISE_LEASE_MS: '5000', REPRISE_SCHEMA_PREFIX: 'tenant_7' }

    expect(settingsFor(definition, { lease: 2_000 }, environment)).toMatchObject({
      lease: 2_000,
      schemaPrefix: 'tenant_7',
    })
  })

  it('names an option that there is not, as JavaScript may pass one', () => {
    const options = { databseUrl: 'postgres://db/bank' } as StartOptions

    expect(() => settingsFor(definition, options, {})).toThrow(ConfigurationError)
    expect(() => settingsFor(definition, options, {})).toThrow(
      'the setting databseUrl is no option of a start',
    )
  })

  it('takes Kafka as the log where brokers are given', () => {
    const settings = settingsFor(definition, {}, { KAFKA_BROKERS: 'a:9092, b:9092' })

    expect(settings.log).toBe('kafka')
    expect(settings.kafka).toMatchObject({ brokers: ['a:9092', 'b:9092'], clientId: 'bank' })
  })

  it.each([
    ['DATABASE_URL', { ...production, DATABASE_URL: '' }],
    ['REPRISE_LOG', { ...production, REPRISE_LOG: '' }],
    ['REPRISE_LOG', { REPRISE_LOG: 'rabbit' }],
    ['KAFKA_BROKERS', { REPRISE_LOG: 'kafka' }],
    ['KAFKA_BROKERS', { KAFKA_BROKERS: 'localhost' }],
    ['DATABASE_URL', { DATABASE_URL: 'mysql://db/bank' }],
    ['READ_DATABASE_URL', { DATABASE_URL: 'postgres://db/bank', READ_DATABASE_URL: 'mysql://db/bank' }],
    ['READ_DATABASE_URL', { READ_DATABASE_URL: 'postgres://db/bank' }],
    ['REPRISE_ROLES', { REPRISE_ROLES: 'api,relais' }],
    ['REPRISE_ROLES', { REPRISE_ROLES: ' , ' }],
    ['REPRISE_MAX_PAYLOAD_BYTES', { REPRISE_MAX_PAYLOAD_BYTES: '999' }],
    ['REPRISE_LEASE_MS', { REPRISE_LEASE_MS: '999' }],
    ['REPRISE_HEALTH_PORT', { REPRISE_HEALTH_PORT: '65536' }],
    ['REPRISE_HEALTH_PORT', { REPRISE_HEALTH_PORT: 'http' }],
    ['REPRISE_STALL_AFTER_MS', { REPRISE_STALL_AFTER_MS: '10' }],
    ['REPRISE_SHUTDOWN_TIMEOUT_MS', { REPRISE_SHUTDOWN_TIMEOUT_MS: '0' }],
    ['REPRISE_COMMAND_TIMEOUT_MS', { REPRISE_COMMAND_TIMEOUT_MS: '-1' }],
    ['REPRISE_MAX_COMMANDS', { REPRISE_MAX_COMMANDS: '0' }],
    ['REPRISE_PROVISION', { REPRISE_PROVISION: 'perhaps' }],
    ['LOG_LEVEL', { LOG_LEVEL: 'loud' }],
    ['REPRISE_SCHEMA_PREFIX', { REPRISE_SCHEMA_PREFIX: 'a"; DROP' }],
    [
      'KAFKA_SASL_PASSWORD',
      { KAFKA_BROKERS: 'a:1', KAFKA_SASL_MECHANISM: 'plain', KAFKA_SASL_USERNAME: 'me' },
    ],
  ])('names the setting %s when it cannot be used: %j', (setting, environment) => {
    expect(() => settingsFor(definition, {}, environment)).toThrow(setting)
  })

  it('checks an option like the environment', () => {
    expect(() => settingsFor(definition, { lease: 10 }, {})).toThrow('REPRISE_LEASE_MS')
    expect(() => settingsFor(definition, { poolSize: 1 }, {})).toThrow('REPRISE_POOL_SIZE')
    expect(() => settingsFor(definition, { maxPayloadBytes: 0.5 }, {})).toThrow('REPRISE_MAX_PAYLOAD_BYTES')
    expect(() => settingsFor(definition, { roles: [] }, {})).toThrow('REPRISE_ROLES')
    const read = { readDatabaseUrl: 'postgres://db/bank' }
    expect(() => settingsFor(definition, read, {})).toThrow('needs DATABASE_URL to be set as well')
  })

  it.each([
    ['api', ['api']],
    ['relay, projections', ['relay', 'projections']],
    ['api,all', ['api', 'relay', 'projections']],
    ['', ['api', 'relay', 'projections']],
  ])('reads the roles %j', (text, roles) => {
    expect(settingsFor(definition, {}, { REPRISE_ROLES: text }).roles).toEqual(new Set(roles))
  })

  it('lists the roles when one is not known', () => {
    expect(() => settingsFor(definition, {}, { REPRISE_ROLES: 'worker' })).toThrow(
      'must name one or more of api, relay, projections, or all, not "worker"',
    )
  })

  it('takes an empty variable for one that is not set', () => {
    const names = ['REPRISE_DATA_FOLDER', 'REPRISE_SCHEMA_PREFIX', 'READ_DATABASE_URL', 'KAFKA_CLIENT_ID']
    const empty = Object.fromEntries(names.map((name) => [name, '']))

    expect(settingsFor(definition, {}, { ...empty, KAFKA_BROKERS: 'a:1' })).toEqual(
      settingsFor(definition, {}, { KAFKA_BROKERS: 'a:1' }),
    )
  })

  it('never repeats a password that it refuses', () => {
    const environment = { DATABASE_URL: 'mysql://me:s3cret@db/bank' }

    expect(() => settingsFor(definition, {}, environment)).toThrow(
      expect.not.objectContaining({ message: expect.stringContaining('s3cret') as string }) as Error,
    )
  })

  it('does not provision in production unless told to', () => {
    expect(settingsFor(definition, {}, production).provision).toBe(false)
    expect(settingsFor(definition, {}, { ...production, REPRISE_PROVISION: 'true' }).provision).toBe(true)
  })
})

describe('milliseconds', () => {
  it.each([
    [250, 250],
    ['250ms', 250],
    ['2s', 2_000],
    ['1.5s', 1_500],
    ['5m', 300_000],
    ['12h', 43_200_000],
    ['7d', 604_800_000],
  ] as const)('reads %s', (duration, expected) => {
    expect(milliseconds(duration, 'timeout')).toBe(expected)
  })

  it.each([-1, Number.NaN, '2', '2w', ''])('refuses %s', (duration) => {
    expect(() => milliseconds(duration as '1s', 'timeout')).toThrow('timeout')
  })
})
