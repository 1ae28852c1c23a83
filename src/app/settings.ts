import { ConfigurationError } from '../core/errors/index.js'
import type { Logger } from '../core/ports/logger.js'
import type { KafkaSettings } from '../kafka/settings.js'
import { SASL_MECHANISMS } from '../kafka/settings.js'
import { LOG_KINDS, type LogKind } from '../log/log.js'
import type { AppDefinition } from './definition.js'

/** What a start may be told. What is not given here comes from the environment, else from the default. */
export interface StartOptions {
  /** Environment: `DATABASE_URL`. @defaultValue an embedded Postgres in the data folder, never in production */
  readonly databaseUrl?: string
  /** Environment: `REPRISE_LOG`. @defaultValue Kafka where brokers are given, else Postgres; must be named in production */
  readonly log?: LogKind
  /** Environment: `KAFKA_BROKERS`, `KAFKA_CLIENT_ID`, `KAFKA_SSL`, `KAFKA_SASL_MECHANISM`, `…_USERNAME`, `…_PASSWORD`. */
  readonly kafka?: Omit<KafkaSettings, 'clientId'> & { readonly clientId?: string }
  /** Whether a start may migrate schemas and create topics. Environment: `REPRISE_PROVISION`. @defaultValue not in production */
  readonly provision?: boolean
  /** Milliseconds from 1000 on after which a silent process loses its work to others. Environment: `REPRISE_LEASE_MS`. @defaultValue 15000 */
  readonly lease?: number
  /** Where local servers keep their data. Environment: `REPRISE_DATA_FOLDER`. @defaultValue '.reprise' */
  readonly dataFolder?: string
  /** The schemas are `<prefix>_store` and `<prefix>_read`. Environment: `REPRISE_SCHEMA_PREFIX`. @defaultValue the definition's, else 'reprise' */
  readonly schemaPrefix?: string
  /** Connections per side at the most. Environment: `REPRISE_POOL_SIZE`. @defaultValue 10 */
  readonly poolSize?: number
  /** Environment: `LOG_LEVEL`. @defaultValue 'info' */
  readonly logLevel?: string
  /** Facts of these names are masked in logs, at any depth. Passwords, tokens and secrets always are. */
  readonly sensitive?: readonly string[]
  /** What to tell a user whose store was used with another log. @defaultValue names the settings to correct */
  readonly logWayOut?: string
  /** Takes the place of the built-in pino logger, with its masking. */
  readonly logger?: Logger
}

/** Everything a process needs to know, checked. */
export interface Settings {
  readonly production: boolean
  readonly databaseUrl: string | undefined
  readonly log: LogKind
  readonly kafka: KafkaSettings | undefined
  readonly provision: boolean
  readonly lease: number
  readonly dataFolder: string
  readonly schemaPrefix: string
  readonly poolSize: number
  readonly logLevel: string
  readonly sensitive: readonly string[]
  readonly logWayOut: string
  readonly logger: Logger | undefined
}

type Environment = Readonly<Record<string, string | undefined>>

const SHORTEST_LEASE = 1_000
/** One connection listens, one publishes, one works. */
const SMALLEST_POOL = 3
const PREFIX = /^[a-z][a-z0-9_]{0,40}$/

/** @throws {@link ConfigurationError} at the first setting that cannot be used */
export function settingsFor(
  definition: Pick<AppDefinition, 'name' | 'schemaPrefix'>,
  options: StartOptions = {},
  environment: Environment = process.env,
): Settings {
  const production = environment.NODE_ENV === 'production'
  const kafka = kafkaSettings(definition.name, options, environment)
  return {
    production,
    databaseUrl: databaseUrl(options, environment, production),
    log: logKind(options, environment, kafka, production),
    kafka,
    provision: options.provision ?? flag(environment, 'REPRISE_PROVISION') ?? !production,
    lease: wholeNumber('REPRISE_LEASE_MS', options.lease, environment, SHORTEST_LEASE) ?? 15_000,
    dataFolder: options.dataFolder ?? environment.REPRISE_DATA_FOLDER ?? '.reprise',
    schemaPrefix: schemaPrefixFor(definition, options, environment),
    poolSize: wholeNumber('REPRISE_POOL_SIZE', options.poolSize, environment, SMALLEST_POOL) ?? 10,
    logLevel: logLevel(options.logLevel ?? environment.LOG_LEVEL),
    sensitive: options.sensitive ?? [],
    logWayOut: options.logWayOut ?? 'set REPRISE_LOG and KAFKA_BROKERS to the recorded log',
    logger: options.logger,
  }
}

function databaseUrl(
  options: StartOptions,
  environment: Environment,
  production: boolean,
): string | undefined {
  const url = options.databaseUrl ?? environment.DATABASE_URL
  if (url === undefined || url === '') {
    if (!production) return undefined
    throw new ConfigurationError(
      'DATABASE_URL',
      'must be set in production, where no embedded Postgres is started',
    )
  }
  if (!/^postgres(ql)?:\/\//.test(url) || !URL.canParse(url)) {
    throw new ConfigurationError('DATABASE_URL', 'must look like postgres://user@host:5432/database')
  }
  return url
}

function logKind(
  options: StartOptions,
  environment: Environment,
  kafka: KafkaSettings | undefined,
  production: boolean,
): LogKind {
  const named = options.log ?? environment.REPRISE_LOG
  if (named === undefined || named === '') {
    if (production) {
      throw new ConfigurationError(
        'REPRISE_LOG',
        'must be set to postgres or kafka in production, where no log is taken by default',
      )
    }
    return kafka === undefined ? 'postgres' : 'kafka'
  }
  const kind = LOG_KINDS.find((it) => it === named)
  if (kind === undefined) throw new ConfigurationError('REPRISE_LOG', 'must be postgres or kafka')
  if (kind === 'kafka' && kafka === undefined) {
    throw new ConfigurationError('KAFKA_BROKERS', 'must be set to host:port, since REPRISE_LOG is kafka')
  }
  return kind
}

function kafkaSettings(
  app: string,
  options: StartOptions,
  environment: Environment,
): KafkaSettings | undefined {
  if (options.kafka !== undefined) return { clientId: app, ...options.kafka }
  const brokers = (environment.KAFKA_BROKERS ?? '')
    .split(',')
    .map((it) => it.trim())
    .filter((it) => it !== '')
  if (brokers.length === 0) return undefined
  const odd = brokers.find((broker) => !/^[^\s:]+:\d+$/.test(broker) && !/^\[[^\]]+\]:\d+$/.test(broker))
  if (odd !== undefined)
    throw new ConfigurationError(
      'KAFKA_BROKERS',
      `must be a list of host:port, but has ${JSON.stringify(odd)}`,
    )
  const sasl = saslSettings(environment)
  return {
    brokers,
    clientId: environment.KAFKA_CLIENT_ID ?? app,
    ssl: flag(environment, 'KAFKA_SSL') ?? false,
    ...(sasl === undefined ? {} : { sasl }),
  }
}

function saslSettings(environment: Environment): KafkaSettings['sasl'] {
  const named = environment.KAFKA_SASL_MECHANISM
  if (named === undefined || named === '') return undefined
  const mechanism = SASL_MECHANISMS.find((it) => it === named.toLowerCase())
  if (mechanism === undefined)
    throw new ConfigurationError('KAFKA_SASL_MECHANISM', `must be one of ${SASL_MECHANISMS.join(', ')}`)
  const { KAFKA_SASL_USERNAME: username, KAFKA_SASL_PASSWORD: password } = environment
  if (username === undefined)
    throw new ConfigurationError('KAFKA_SASL_USERNAME', `must be set for ${mechanism}`)
  if (password === undefined)
    throw new ConfigurationError('KAFKA_SASL_PASSWORD', `must be set for ${mechanism}`)
  return { mechanism, username, password }
}

/** @throws {@link ConfigurationError} for one that is not safe in a schema's name */
export function schemaPrefixFor(
  definition: Pick<AppDefinition, 'schemaPrefix'>,
  options: Pick<StartOptions, 'schemaPrefix'> = {},
  environment: Environment = process.env,
): string {
  const prefix = options.schemaPrefix ?? environment.REPRISE_SCHEMA_PREFIX ?? definition.schemaPrefix
  if (PREFIX.test(prefix)) return prefix
  throw new ConfigurationError('REPRISE_SCHEMA_PREFIX', `must match ${PREFIX.source}`)
}

const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']

function logLevel(level: string | undefined): string {
  if (level === undefined || level === '') return 'info'
  if (LOG_LEVELS.includes(level)) return level
  throw new ConfigurationError('LOG_LEVEL', `must be one of ${LOG_LEVELS.join(', ')}`)
}

function flag(environment: Environment, name: string): boolean | undefined {
  const value = environment[name]
  if (value === undefined || value === '') return undefined
  if (value === 'true' || value === '1') return true
  if (value === 'false' || value === '0') return false
  throw new ConfigurationError(name, 'must be true or false')
}

function wholeNumber(
  name: string,
  option: number | undefined,
  environment: Environment,
  least: number,
): number | undefined {
  const value = option ?? environment[name]
  if (value === undefined || value === '') return undefined
  const number = Number(value)
  if (Number.isSafeInteger(number) && number >= least) return number
  throw new ConfigurationError(name, `must be a whole number from ${least} on`)
}
