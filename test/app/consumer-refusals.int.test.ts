import { expect, expectTypeOf, it } from 'vitest'
import { ConfigurationError, type ConsumingApp, DefinitionError, Reprise } from 'reprise'
import { accounts, turnoverService } from '../support/consumers.js'
import { useFreshDatabases } from '../support/read-side.js'
import { silentLogger } from '../support/silent-logger.js'
import { Account } from '../support/bank.js'

const freshDatabase = useFreshDatabases()
const { service, Turnover } = turnoverService()
const kafka = { brokers: ['127.0.0.1:1'] }

it('a service that only consumes says what to set where no brokers are named', async () => {
  const failure = Reprise.start(service, { databaseUrl: await freshDatabase(), logger: silentLogger })

  await expect(failure).rejects.toBeInstanceOf(ConfigurationError)
  await expect(failure).rejects.toThrow(
    'the setting KAFKA_BROKERS must be set to host:port of the brokers that have the topics it consumes',
  )
})

it('a service that only consumes refuses the Postgres log, whose topics are in the database of their producer', async () => {
  const databaseUrl = await freshDatabase()
  const failure = Reprise.start(service, { databaseUrl, kafka, log: 'postgres', logger: silentLogger })

  await expect(failure).rejects.toThrow('the setting REPRISE_LOG must be kafka')
})

it('an app with aggregates consumes no contracts', async () => {
  const mixed = { ...service, aggregates: [Account], projections: [Turnover] }

  await expect(Reprise.start(mixed, { kafka })).rejects.toBeInstanceOf(DefinitionError)
})

it('a service that only consumes has a type of its own, without commands', () => {
  const given = () => Reprise.start({ name: 'fraud', consumes: [accounts()], projections: [Turnover] })
  const defined = () => Reprise.start(service)

  expectTypeOf(given).returns.resolves.toEqualTypeOf<ConsumingApp>()
  expectTypeOf(defined).returns.resolves.toEqualTypeOf<ConsumingApp>()
  expectTypeOf<ConsumingApp>().not.toHaveProperty('execute')
  expectTypeOf<ConsumingApp>().not.toHaveProperty('history')
})
