import { randomBytes } from 'node:crypto'
import { type AppDefinition, type AppOptions, defineApp, isAppDefinition } from '../../app/definition.js'
import type { StartOptions } from '../../app/settings.js'
import { assertionError } from './assertion.js'
import { silentLogger } from './silent-logger.js'
import type { TestBroker } from './test-broker.js'

/** How an app is started, with the address of its database. */
export type StartOnDatabase = StartOptions & { readonly databaseUrl: string }

/**
 * The definition under a name whose topics nobody else has, where other tests may use the same broker.
 *
 * @throws an AssertionError for a service that only consumes: it has no store, whose events it could catch up with
 */
export function definitionFor(
  definition: AppDefinition | AppOptions,
  broker: TestBroker | undefined,
): AppDefinition {
  const checked = isAppDefinition(definition) ? definition : defineApp(definition)
  if (checked.aggregates.length === 0 && checked.consumes.length > 0)
    throw assertionError(
      `${checked.name} only consumes: test its projections with given(…) and givenInDatabase(…), or start it with ` +
        'Reprise.start beside a test app that produces, on the brokers of that',
    )
  if (broker?.shared !== true) return checked
  return defineApp({ ...checked, name: `${checked.name}_${randomBytes(4).toString('hex')}` })
}

/** Says everything that the environment would say otherwise: it is that of whoever runs the tests. */
export function startOptionsFor(
  options: StartOptions,
  databaseUrl: string,
  broker: TestBroker | undefined,
): StartOnDatabase {
  return {
    logger: silentLogger,
    roles: 'all',
    ...options,
    databaseUrl,
    readDatabaseUrl: '',
    provision: true,
    ...(broker === undefined
      ? { log: 'postgres' as const }
      : { log: 'kafka' as const, kafka: { brokers: broker.brokers } }),
  }
}
