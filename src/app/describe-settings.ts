import type { AppDefinition } from './definition.js'
import { ROLES } from './roles.js'
import { type Environment, variable } from './setting-values.js'
import { type Settings, settingsFor, type StartOptions } from './settings.js'

/** Where a value came from; the first that says anything decides. */
export const SETTING_SOURCES = ['option', 'environment', 'definition', 'default'] as const
export type SettingSource = (typeof SETTING_SOURCES)[number]

export type SettingValue = string | number | boolean | readonly string[] | null

/** A setting as it is in effect. */
export interface SettingDescription {
  /** The variable that sets it. */
  readonly name: string
  /** Null where nothing is set and nothing stands in for it. What is secret in it is replaced by `***`. */
  readonly value: SettingValue
  readonly source: SettingSource
  /** What comes of the value on this machine, where that is not the value itself. */
  readonly effective?: string
  /** Whether something in it opens a server, so that it must not be shown as it is. */
  readonly secret: boolean
}

interface Setting {
  readonly name: string
  /** What the caller of a start said about it. */
  readonly option: (options: StartOptions) => unknown
  readonly value: (settings: Settings) => SettingValue
  readonly secret?: true
}

const HIDDEN = '***'

/** Every setting that has a variable. What is only an option (a logger, a container) shows in the code that passes it. */
const SETTINGS: readonly Setting[] = [
  {
    name: 'NODE_ENV',
    option: () => undefined,
    value: ({ production }) => (production ? 'production' : 'not production'),
  },
  {
    name: 'DATABASE_URL',
    option: ({ databaseUrl }) => databaseUrl,
    value: ({ databaseUrl }) => shown(databaseUrl),
    secret: true,
  },
  {
    name: 'READ_DATABASE_URL',
    option: ({ readDatabaseUrl }) => readDatabaseUrl,
    value: ({ databaseUrl, readDatabaseUrl }) => shown(readDatabaseUrl ?? databaseUrl),
    secret: true,
  },
  {
    name: 'REPRISE_ROLES',
    option: ({ roles }) => roles,
    value: ({ roles }) => ROLES.filter((it) => roles.has(it)),
  },
  { name: 'REPRISE_LOG', option: ({ log }) => log, value: ({ log }) => log },
  {
    name: 'KAFKA_BROKERS',
    option: ({ kafka }) => kafka?.brokers,
    value: ({ kafka }) => kafka?.brokers ?? null,
  },
  {
    name: 'KAFKA_CLIENT_ID',
    option: ({ kafka }) => kafka?.clientId,
    value: ({ kafka }) => kafka?.clientId ?? null,
  },
  {
    name: 'KAFKA_SSL',
    option: ({ kafka }) => kafka?.ssl,
    value: ({ kafka }) => (kafka === undefined ? null : isOn(kafka.ssl)),
  },
  {
    name: 'KAFKA_SASL_MECHANISM',
    option: ({ kafka }) => kafka?.sasl?.mechanism,
    value: ({ kafka }) => kafka?.sasl?.mechanism ?? null,
  },
  {
    name: 'KAFKA_SASL_USERNAME',
    option: ({ kafka }) => kafka?.sasl?.username,
    value: ({ kafka }) => kafka?.sasl?.username ?? null,
  },
  {
    name: 'KAFKA_SASL_PASSWORD',
    option: ({ kafka }) => kafka?.sasl?.password,
    value: ({ kafka }) => (kafka?.sasl === undefined ? null : HIDDEN),
    secret: true,
  },
  { name: 'REPRISE_PROVISION', option: ({ provision }) => provision, value: ({ provision }) => provision },
  { name: 'REPRISE_LEASE_MS', option: ({ lease }) => lease, value: ({ lease }) => lease },
  {
    name: 'REPRISE_DATA_FOLDER',
    option: ({ dataFolder }) => dataFolder,
    value: ({ dataFolder }) => dataFolder,
  },
  {
    name: 'REPRISE_SCHEMA_PREFIX',
    option: ({ schemaPrefix }) => schemaPrefix,
    value: ({ schemaPrefix }) => schemaPrefix,
  },
  { name: 'REPRISE_POOL_SIZE', option: ({ poolSize }) => poolSize, value: ({ poolSize }) => poolSize },
  {
    name: 'REPRISE_MAX_PAYLOAD_BYTES',
    option: ({ maxPayloadBytes }) => maxPayloadBytes,
    value: ({ maxPayloadBytes }) => maxPayloadBytes,
  },
  {
    name: 'REPRISE_COMMAND_TIMEOUT_MS',
    option: ({ commandTimeout }) => commandTimeout,
    value: ({ commandTimeout }) => commandTimeout,
  },
  {
    name: 'REPRISE_MAX_COMMANDS',
    option: ({ maxCommands }) => maxCommands,
    value: ({ maxCommands }) => maxCommands,
  },
  {
    name: 'REPRISE_HEALTH_PORT',
    option: ({ healthPort }) => healthPort,
    value: ({ health }) => health.port ?? null,
  },
  {
    name: 'REPRISE_HEALTH_HOST',
    option: ({ healthHost }) => healthHost,
    value: ({ health }) => health.host,
  },
  {
    name: 'REPRISE_STALL_AFTER_MS',
    option: ({ stallAfter }) => stallAfter,
    value: ({ health }) => health.stallAfter,
  },
  {
    name: 'REPRISE_SHUTDOWN_TIMEOUT_MS',
    option: ({ shutdownTimeout }) => shutdownTimeout,
    value: ({ shutdownTimeout }) => shutdownTimeout,
  },
  {
    name: 'REPRISE_RETRY_LETTERS',
    option: ({ retryLetters }) => retryLetters,
    value: ({ retryLetters }) => retryLetters,
  },
  {
    name: 'REPRISE_DLQ_PAYLOADS',
    option: () => undefined,
    value: ({ payloadLevel }) => payloadLevel,
  },
  { name: 'LOG_LEVEL', option: ({ logLevel }) => logLevel, value: ({ logLevel }) => logLevel },
]

/**
 * Every setting as a start with these options would use it, and where it came from. Connects to nothing, and shows no
 * secret.
 *
 * @throws {@link ConfigurationError} at the first setting that cannot be used
 */
export function describeSettings(
  definition: Pick<AppDefinition, 'name' | 'schemaPrefix'>,
  options: StartOptions = {},
  environment: Environment = process.env,
): readonly SettingDescription[] {
  const settings = settingsFor(definition, options, environment)
  return SETTINGS.map(({ name, option, value, secret = false }) => ({
    name,
    value: value(settings),
    source: sourceOf(name, option(options), options, environment),
    secret,
  }))
}

/**
 * As {@link describeSettings}, and with the folder that an embedded server would keep its data in, where one is used: for
 * root it can be another than the one that is named. Makes and starts nothing.
 */
export async function describeSettingsHere(
  definition: Pick<AppDefinition, 'name' | 'schemaPrefix'>,
): Promise<readonly SettingDescription[]> {
  const settings = describeSettings(definition)
  const { databaseUrl, dataFolder } = settingsFor(definition, {}, process.env)
  if (databaseUrl !== undefined) return settings
  const { EmbeddedPostgresUnavailable, findDataFolder } = await import('./postgres/embedded/index.js')
  try {
    const effective = await findDataFolder(dataFolder)
    return settings.map((it) => (it.name === 'REPRISE_DATA_FOLDER' ? { ...it, effective } : it))
  } catch (error) {
    // Settings are to be shown also where no server can run.
    if (error instanceof EmbeddedPostgresUnavailable) return settings
    throw error
  }
}

function sourceOf(
  name: string,
  option: unknown,
  options: StartOptions,
  environment: Environment,
): SettingSource {
  if (option !== undefined) return 'option'
  // Given as an option, a cluster is described by that alone.
  if (name.startsWith('KAFKA_') && options.kafka !== undefined) return 'default'
  if (variable(environment, name) !== undefined) return 'environment'
  return name === 'REPRISE_SCHEMA_PREFIX' ? 'definition' : 'default'
}

function isOn(ssl: NonNullable<Settings['kafka']>['ssl']): boolean {
  return ssl !== undefined && ssl !== false
}

/** An address without what opens it: a password can be in its place, or among the parameters. */
function shown(address: string | undefined): string | null {
  if (address === undefined) return null
  const url = new URL(address)
  if (url.password !== '') url.password = HIDDEN
  for (const name of url.searchParams.keys()) {
    if (/password|secret|token|key/i.test(name)) url.searchParams.set(name, HIDDEN)
  }
  return url.href
}
