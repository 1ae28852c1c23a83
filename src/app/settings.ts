import { ConfigurationError } from '../core/errors/index.js'
import { type OptionNames, unknownOptions } from '../core/option-names.js'
import type { Logger } from '../core/ports/logger.js'
import type { KafkaSettings } from '../kafka/settings.js'
import type { LogKind } from '../log/log.js'
import { databaseUrl, readDatabaseUrl } from './database-settings.js'
import type { AppDefinition } from './definition.js'
import { type HealthSettings, healthSettings } from './health/health-settings.js'
import { kafkaSettings, logKind } from './log-settings.js'
import { type PayloadLevel, payloadLevel } from './payload-settings.js'
import { type Role, rolesFrom } from './roles.js'
import type { ServiceContainer } from './services.js'
import { type Environment, flag, variable, wholeNumber } from './setting-values.js'

/** What a start may be told. What is not given here comes from the environment, else from the default. */
export interface StartOptions {
  /** Environment: `DATABASE_URL`. @defaultValue an embedded Postgres in the data folder, never in production */
  readonly databaseUrl?: string
  /** The read side's own database. Environment: `READ_DATABASE_URL`. @defaultValue the store's, `databaseUrl` */
  readonly readDatabaseUrl?: string
  /**
   * What this process does for the app, so that each can be scaled alone: `api` executes commands, `relay` publishes,
   * `projections` feeds read models. Environment: `REPRISE_ROLES`, a list with commas, or `all`. @defaultValue 'all'
   */
  readonly roles?: readonly Role[] | 'all'
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
  /** Bytes of JSON that an event may have, from 1000 on. Environment: `REPRISE_MAX_PAYLOAD_BYTES`. @defaultValue 900000 */
  readonly maxPayloadBytes?: number
  /**
   * Milliseconds from 100 on after which a command is answered with a retriable error when the store is away or slow.
   * Environment: `REPRISE_COMMAND_TIMEOUT_MS`. @defaultValue 10000
   */
  readonly commandTimeout?: number
  /** Commands under way at the most; more are refused as overload. Environment: `REPRISE_MAX_COMMANDS`. @defaultValue 10000 */
  readonly maxCommands?: number
  /** Where `/livez` and `/readyz` answer; 0 takes a free port. Environment: `REPRISE_HEALTH_PORT`. @defaultValue nowhere */
  readonly healthPort?: number
  /** The address that they listen on. Environment: `REPRISE_HEALTH_HOST`. @defaultValue '127.0.0.1' */
  readonly healthHost?: string
  /**
   * Milliseconds without any progress after which work that is there counts as stalled. Environment:
   * `REPRISE_STALL_AFTER_MS`. @defaultValue 30000
   */
  readonly stallAfter?: number
  /**
   * Milliseconds that an orderly stop may take before connections are cut: less than whoever stops the process waits.
   * Environment: `REPRISE_SHUTDOWN_TIMEOUT_MS`. @defaultValue 25000
   */
  readonly shutdownTimeout?: number
  /**
   * Whether a start retries, once, the dead letters that a build with another definition failed at, in the place of
   * offering that in its log; effects act late then, under the same key. What ended a process is only offered all the same.
   * Environment: `REPRISE_RETRY_LETTERS`. @defaultValue false
   */
  readonly retryLetters?: boolean
  /** Environment: `LOG_LEVEL`. @defaultValue 'info' */
  readonly logLevel?: string
  /** Facts of these names are masked in logs, at any depth. Passwords, tokens and secrets always are. */
  readonly sensitive?: readonly string[]
  /** What to tell a user whose store was used with another log. @defaultValue names the settings to correct */
  readonly logWayOut?: string
  /** Takes the place of the built-in pino logger, with its masking. */
  readonly logger?: Logger
  /**
   * Your container of inversify: services that projections and preparing steps name in `inject` are asked of it at start.
   * It is never changed.
   */
  readonly container?: ServiceContainer
}

const NAMES: OptionNames<StartOptions> = {
  databaseUrl: true,
  readDatabaseUrl: true,
  roles: true,
  log: true,
  kafka: true,
  provision: true,
  lease: true,
  dataFolder: true,
  schemaPrefix: true,
  poolSize: true,
  maxPayloadBytes: true,
  commandTimeout: true,
  maxCommands: true,
  healthPort: true,
  healthHost: true,
  stallAfter: true,
  shutdownTimeout: true,
  retryLetters: true,
  logLevel: true,
  sensitive: true,
  logWayOut: true,
  logger: true,
  container: true,
}

/** Everything a process needs to know, checked. */
export interface Settings {
  readonly production: boolean
  readonly databaseUrl: string | undefined
  /** Undefined: the read side is beside the store. */
  readonly readDatabaseUrl: string | undefined
  readonly roles: ReadonlySet<Role>
  readonly log: LogKind
  readonly kafka: KafkaSettings | undefined
  readonly provision: boolean
  readonly lease: number
  readonly dataFolder: string
  readonly schemaPrefix: string
  readonly poolSize: number
  readonly maxPayloadBytes: number
  readonly commandTimeout: number
  readonly maxCommands: number
  readonly health: HealthSettings
  readonly shutdownTimeout: number
  readonly retryLetters: boolean
  readonly payloadLevel: PayloadLevel
  readonly logLevel: string
  readonly sensitive: readonly string[]
  readonly logWayOut: string
  readonly logger: Logger | undefined
  readonly container: ServiceContainer | undefined
}

const SHORTEST_LEASE = 1_000
/** One connection listens, one publishes, one works. */
const SMALLEST_POOL = 3
/** Milliseconds. Less than this ends what goes well. */
const SHORTEST_TIMEOUT = 100
/** Less would refuse ordinary events. */
const SMALLEST_LIMIT = 1_000
/** A broker takes a megabyte by default, headers and all. */
const DEFAULT_LIMIT = 900_000
const PREFIX = /^[a-z][a-z0-9_]{0,40}$/

/** @throws {@link ConfigurationError} at the first setting that cannot be used */
export function settingsFor(
  definition: Pick<AppDefinition, 'name' | 'schemaPrefix'>,
  options: StartOptions = {},
  environment: Environment = process.env,
): Settings {
  const [stranger] = unknownOptions(options, NAMES)
  if (stranger !== undefined)
    throw new ConfigurationError(
      stranger,
      `is no option of a start: there are ${Object.keys(NAMES).join(', ')}`,
    )
  const production = environment.NODE_ENV === 'production'
  const kafka = kafkaSettings(definition.name, options, environment)
  const storeUrl = databaseUrl(options, environment, production)
  const limit = options.maxPayloadBytes
  return {
    production,
    databaseUrl: storeUrl,
    readDatabaseUrl: readDatabaseUrl(options, environment, storeUrl),
    roles: rolesFrom(options.roles, environment),
    log: logKind(options, environment, kafka, production),
    kafka,
    provision: options.provision ?? flag(environment, 'REPRISE_PROVISION') ?? !production,
    lease: wholeNumber('REPRISE_LEASE_MS', options.lease, environment, SHORTEST_LEASE) ?? 15_000,
    dataFolder: options.dataFolder ?? variable(environment, 'REPRISE_DATA_FOLDER') ?? '.reprise',
    schemaPrefix: schemaPrefixFor(definition, options, environment),
    poolSize: wholeNumber('REPRISE_POOL_SIZE', options.poolSize, environment, SMALLEST_POOL) ?? 10,
    maxPayloadBytes:
      wholeNumber('REPRISE_MAX_PAYLOAD_BYTES', limit, environment, SMALLEST_LIMIT) ?? DEFAULT_LIMIT,
    commandTimeout:
      wholeNumber('REPRISE_COMMAND_TIMEOUT_MS', options.commandTimeout, environment, SHORTEST_TIMEOUT) ??
      10_000,
    maxCommands: wholeNumber('REPRISE_MAX_COMMANDS', options.maxCommands, environment, 1) ?? 10_000,
    health: healthSettings(options, environment),
    shutdownTimeout:
      wholeNumber('REPRISE_SHUTDOWN_TIMEOUT_MS', options.shutdownTimeout, environment, SHORTEST_TIMEOUT) ??
      25_000,
    retryLetters: options.retryLetters ?? flag(environment, 'REPRISE_RETRY_LETTERS') ?? false,
    payloadLevel: payloadLevel(environment),
    logLevel: logLevel(options.logLevel ?? variable(environment, 'LOG_LEVEL')),
    sensitive: options.sensitive ?? [],
    logWayOut: options.logWayOut ?? 'set REPRISE_LOG and KAFKA_BROKERS to the recorded log',
    logger: options.logger,
    container: options.container,
  }
}

/** @throws {@link ConfigurationError} for one that is not safe in a schema's name */
export function schemaPrefixFor(
  definition: Pick<AppDefinition, 'schemaPrefix'>,
  options: Pick<StartOptions, 'schemaPrefix'> = {},
  environment: Environment = process.env,
): string {
  const named = options.schemaPrefix ?? variable(environment, 'REPRISE_SCHEMA_PREFIX')
  const prefix = named ?? definition.schemaPrefix
  if (PREFIX.test(prefix)) return prefix
  throw new ConfigurationError('REPRISE_SCHEMA_PREFIX', `must match ${PREFIX.source}`)
}

const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']

function logLevel(level: string | undefined): string {
  if (level === undefined || level === '') return 'info'
  if (LOG_LEVELS.includes(level)) return level
  throw new ConfigurationError('LOG_LEVEL', `must be one of ${LOG_LEVELS.join(', ')}`)
}
