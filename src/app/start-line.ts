import type { Logger } from '../core/ports/logger.js'
import type { Surroundings } from './app-facts.js'

/** An app that has started, and what it runs on. */
export interface Started {
  readonly name: string
  readonly surroundings: Surroundings
  /** Whether brokers are named. Without, the log is in Postgres, which nobody need have chosen. */
  readonly hasBrokers: boolean
}

/** Says in one line that an app has started, and where: a process that leads to the wrong place is seen at once. */
export function tellStarted({ name, surroundings, hasBrokers }: Started, logger: Logger): void {
  const { database, readDatabase, log, dataFolder, roles, health } = surroundings
  const facts = {
    app: name,
    roles: roles.join(','),
    log,
    database,
    readDatabase: readDatabase === database ? undefined : readDatabase,
    dataFolder,
    health,
  }
  const known = Object.entries(facts).filter(([, fact]) => fact !== undefined)
  logger.info(Object.fromEntries(known), `${name} has started, ${placeOf(log, hasBrokers)}`)
}

function placeOf(log: string, hasBrokers: boolean): string {
  if (log !== 'postgres') return 'with its log in Kafka'
  return hasBrokers
    ? 'with its log in Postgres'
    : 'with its log in Postgres, since KAFKA_BROKERS names no brokers'
}
