import { ConfigurationError } from '../core/errors/index.js'
import { type Environment, variable } from './setting-values.js'
import type { StartOptions } from './settings.js'

/** @throws {@link ConfigurationError} for what is no address of a Postgres, and for none in production */
export function databaseUrl(
  options: StartOptions,
  environment: Environment,
  production: boolean,
): string | undefined {
  const url = options.databaseUrl ?? variable(environment, 'DATABASE_URL')
  if (url !== undefined && url !== '') return addressIn('DATABASE_URL', url)
  if (!production) return undefined
  throw new ConfigurationError(
    'DATABASE_URL',
    'must be set in production, where no embedded Postgres is started',
  )
}

/**
 * Where the read side is, if it is not beside the store.
 *
 * @throws {@link ConfigurationError} for what is no address of a Postgres, and where the store has no server of its own:
 * an embedded one holds both sides
 */
export function readDatabaseUrl(
  options: StartOptions,
  environment: Environment,
  storeUrl: string | undefined,
): string | undefined {
  const url = options.readDatabaseUrl ?? variable(environment, 'READ_DATABASE_URL')
  if (url === undefined || url === '') return undefined
  if (storeUrl === undefined)
    throw new ConfigurationError(
      'READ_DATABASE_URL',
      'needs DATABASE_URL to be set as well: the embedded Postgres holds both sides',
    )
  return addressIn('READ_DATABASE_URL', url)
}

function addressIn(setting: string, url: string): string {
  if (/^postgres(ql)?:\/\//.test(url) && URL.canParse(url)) return url
  throw new ConfigurationError(setting, 'must look like postgres://user@host:5432/database')
}
