import { describe, expect, it } from 'vitest'
import { settingsFor } from '../../src/app/settings.js'
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
    })
  })

  it('takes an option before the environment, and the environment before the default', () => {
    const environment = { REPRISE_LEASE_MS: '5000', REPRISE_SCHEMA_PREFIX: 'tenant_7' }

    expect(settingsFor(definition, { lease: 2_000 }, environment)).toMatchObject({
      lease: 2_000,
      schemaPrefix: 'tenant_7',
    })
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
    ['REPRISE_LEASE_MS', { REPRISE_LEASE_MS: '999' }],
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
  ] as const)('reads %s', (duration, expected) => {
    expect(milliseconds(duration, 'timeout')).toBe(expected)
  })

  it.each([-1, Number.NaN, '2', '2h', ''])('refuses %s', (duration) => {
    expect(() => milliseconds(duration as '1s', 'timeout')).toThrow('timeout')
  })
})
