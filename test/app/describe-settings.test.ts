import { describe, expect, it } from 'vitest'
import { describeSettings, type SettingDescription } from '../../src/app/describe-settings.js'
import { settingsFor, type StartOptions } from '../../src/app/settings.js'

const definition = { name: 'bank', schemaPrefix: 'bank' }

describe('describeSettings', () => {
  it('gives each setting once, with the default where nothing says anything', () => {
    const settings = describeSettings(definition, {}, {})

    expect(new Set(settings.map(({ name }) => name)).size).toBe(settings.length)
    expect(named(settings, 'REPRISE_LEASE_MS')).toEqual({
      name: 'REPRISE_LEASE_MS',
      value: 15_000,
      source: 'default',
      secret: false,
    })
    expect(named(settings, 'REPRISE_SCHEMA_PREFIX')).toMatchObject({ value: 'bank', source: 'definition' })
    expect(named(settings, 'DATABASE_URL')).toMatchObject({ value: null, source: 'default' })
    expect(named(settings, 'REPRISE_LOG')).toMatchObject({ value: 'postgres', source: 'default' })
  })

  it('leaves out no variable that a start reads', () => {
    const given = { KAFKA_BROKERS: 'a:1', KAFKA_SASL_MECHANISM: 'plain', KAFKA_SASL_USERNAME: 'me' }
    const read = new Set<string>()
    const environment = new Proxy<Record<string, string>>(
      { ...given, KAFKA_SASL_PASSWORD: 'swordfish' },
      {
        get: (values, name) => {
          read.add(String(name))
          return values[String(name)]
        },
      },
    )
    settingsFor(definition, {}, environment)

    const described = describeSettings(definition, {}, environment).map(({ name }) => name)
    expect(read.size).toBeGreaterThan(10)
    expect([...read].filter((name) => !described.includes(name))).toEqual([])
  })

  it('names an option before the environment, and the environment before the default', () => {
    const environment = { REPRISE_LEASE_MS: '5000', REPRISE_POOL_SIZE: '7', REPRISE_ROLES: 'relay,api' }
    const settings = describeSettings(definition, { lease: 2_000 }, environment)

    expect(named(settings, 'REPRISE_LEASE_MS')).toMatchObject({ value: 2_000, source: 'option' })
    expect(named(settings, 'REPRISE_POOL_SIZE')).toMatchObject({ value: 7, source: 'environment' })
    expect(named(settings, 'REPRISE_ROLES')).toMatchObject({ value: ['api', 'relay'], source: 'environment' })
    expect(named(settings, 'LOG_LEVEL')).toMatchObject({ value: 'info', source: 'default' })
  })

  it('says that the read side is with the store, where it has no address of its own', () => {
    const beside = describeSettings(definition, { databaseUrl: 'postgres://db/bank' }, {})
    expect(named(beside, 'READ_DATABASE_URL')).toMatchObject({
      value: 'postgres://db/bank',
      source: 'default',
    })

    const environment = { DATABASE_URL: 'postgres://db/bank', READ_DATABASE_URL: 'postgres://other/views' }
    const apart = describeSettings(definition, {}, environment)
    expect(named(apart, 'READ_DATABASE_URL')).toMatchObject({
      value: 'postgres://other/views',
      source: 'environment',
    })
  })

  it('takes a cluster that is an option from nowhere else', () => {
    const settings = describeSettings(
      definition,
      { kafka: { brokers: ['a:1'] } },
      { KAFKA_CLIENT_ID: 'teller', KAFKA_BROKERS: 'b:1' },
    )

    expect(named(settings, 'KAFKA_BROKERS')).toMatchObject({ value: ['a:1'], source: 'option' })
    expect(named(settings, 'KAFKA_CLIENT_ID')).toMatchObject({ value: 'bank', source: 'default' })
  })

  it.each<[string, StartOptions, Record<string, string>]>([
    ['in an address', { databaseUrl: 'postgres://me:swordfish@db:5432/bank' }, {}],
    ['encoded in an address', {}, { DATABASE_URL: 'postgres://me:sword%66ish-swordfish@db/bank' }],
    [
      'among the parameters of an address',
      {},
      { DATABASE_URL: 'postgres://db/bank?password=swordfish&user=me' },
    ],
    [
      "in the read side's address",
      {},
      { DATABASE_URL: 'postgres://db/bank', READ_DATABASE_URL: 'postgres://me:swordfish@db/views' },
    ],
    [
      'of a broker',
      {},
      {
        KAFKA_BROKERS: 'a:1',
        KAFKA_SASL_MECHANISM: 'plain',
        KAFKA_SASL_USERNAME: 'me',
        KAFKA_SASL_PASSWORD: 'swordfish',
      },
    ],
  ])('shows no password %s, but that there is one', (_where, options, environment) => {
    const settings = describeSettings(definition, options, environment)

    expect(JSON.stringify(settings)).not.toContain('swordfish')
    const hiding = settings.filter(({ value }) => typeof value === 'string' && value.includes('***'))
    expect(hiding.length).toBeGreaterThan(0)
    expect(hiding.every(({ secret }) => secret)).toBe(true)
    expect(JSON.stringify(settings)).toContain('me')
  })
})

function named(settings: readonly SettingDescription[], name: string): SettingDescription | undefined {
  return settings.find((it) => it.name === name)
}
