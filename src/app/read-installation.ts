import type { EventTypes } from '../core/event-reading.js'
import type { Logger } from '../core/ports/logger.js'
import type { Log } from '../log/index.js'
import { migrate, requireMigrated, type Side } from '../postgres/migrate.js'
import type { Additions } from './additions.js'
import type { AppModel } from './app-model.js'
import type { ClosingStack } from './closing-stack.js'
import { findDatabases } from './find-databases.js'
import type { PartStates } from './health/part-states.js'
import { createLogger } from './logger.js'
import type { Open } from './open-all.js'
import type { Databases } from './postgres/databases.js'
import { claimReadSide, requireReadSide } from './postgres/read-identity.js'
import { requireSafeSequences } from './postgres/safe-settings.js'
import type { ReplaceableParts } from './replaceable-parts.js'
import { Services } from './services.js'
import type { Settings } from './settings.js'

/** What the read side of an app runs on. A service that only consumes runs on nothing else. */
export interface ReadInstallation extends Basis, Open {
  readonly log: Log
  readonly eventTypes: EventTypes
  /** What calls found of the parts that they went to. */
  readonly states: PartStates
  /** Partitions per topic of the app; of one that only consumes, per topic that it reads. */
  readonly topics: ReadonlyMap<string, number>
}

/** What an app is opened with. */
export interface Given {
  readonly model: AppModel
  readonly settings: Settings
  /** The parts that stand behind ports. */
  readonly parts: ReplaceableParts
}

/** What opening begins with, while nothing is known of what is in the databases. */
export interface Basis extends Given {
  /** Of these, a service that only consumes has the read side alone. */
  readonly databases: Databases
  /** What the app's classes are made with. */
  readonly services: Services
  readonly logger: Logger
  /** The folder of the embedded server, where one is used. */
  readonly dataFolder: string | undefined
}

/**
 * Fetches the services of the app's classes, and finds its databases.
 *
 * @throws what making a service throws; {@link DatabaseUnreachable}, {@link ConfigurationError}
 */
export async function openBasis(
  { model, settings, parts }: Given,
  { firstUse, serviceUsers }: Additions,
  closing: ClosingStack,
): Promise<Basis> {
  const logger = settings.logger ?? createLogger(settings.logLevel, settings.sensitive)
  const services = await Services.fetch(serviceUsers, settings.container)
  const found = await findDatabases(model.name, settings, logger, firstUse)
  closing.add(() => found.close())
  const { databases, dataFolder } = found
  return { model, settings, databases, services, logger, parts, dataFolder }
}

/**
 * Makes sure that one side has this build's tables, on a database that numbers safely; `setting` names that.
 *
 * @throws {@link DatabaseTooNew}, {@link DatabaseTooOld}, {@link ConfigurationError}
 */
export async function prepareSide(
  side: Side,
  { databases }: Pick<Basis, 'databases'>,
  { migrations }: Additions,
  setting: string,
): Promise<void> {
  const { schemas } = databases
  if (migrations) await migrate(databases[side], side, schemas)
  else await requireMigrated(databases[side], side, schemas)
  await requireSafeSequences(databases[side], schemas[side], setting)
}

/** Makes sure that the read side is this app's. @throws {@link ConfigurationError} */
export async function ownReadSide(
  { model: { name }, databases: { read, schemas } }: Pick<Basis, 'model' | 'databases'>,
  { firstUse }: Additions,
): Promise<void> {
  if (firstUse) await claimReadSide(read, schemas.read, name)
  else await requireReadSide(read, schemas.read, name)
}
