import { jsonEncoding } from '../contracts/index.js'
import type { EventEncoding } from '../core/event-encoding.js'
import { DefinitionError } from '../core/errors/index.js'
import { type EventTypes, eventTypesOf } from '../core/event-reading.js'
import type { EventReader } from '../core/ports/event-reader.js'
import type { Logger } from '../core/ports/logger.js'
import type { Log } from '../log/index.js'
import { PostgresEventReader } from '../postgres/event-reader.js'
import { migrate, requireMigrated, type Side, SIDES } from '../postgres/migrate.js'
import { Notifications } from '../postgres/notifications.js'
import type { AppModel } from './app-model.js'
import { ClosingStack } from './closing-stack.js'
import { enterEventSchemas } from './event-schemas.js'
import { AppendSignal } from './append-signal.js'
import { createLogger } from './logger.js'
import { openLog } from './open-log.js'
import { findDatabases } from './find-databases.js'
import { PartStates } from './health/part-states.js'
import type { Databases } from './postgres/databases.js'
import { claimReadSide, requireReadSide } from './postgres/read-identity.js'
import { requireSafeSequences } from './postgres/safe-settings.js'
import { claimForApp, claimLog, requireApp, requireLog, storeIdOf } from './postgres/store-identity.js'
import { type ReplaceableParts, shippedParts } from './replaceable-parts.js'
import { serviceUsersOf } from './service-users.js'
import { requireServices, Services, type ServiceUser } from './services.js'
import type { Settings } from './settings.js'
import { type MissingTopic, topicsFor } from './topics.js'

/** What an app runs on: its databases and its log, opened, migrated and known to belong together. */
export interface Installation {
  readonly model: AppModel
  readonly settings: Settings
  readonly databases: Databases
  readonly log: Log
  readonly storeId: string
  readonly encoding: EventEncoding
  readonly eventTypes: EventTypes
  readonly history: EventReader
  /** Wake-up calls between processes go by way of the store's database, which every process of the app is connected to. */
  readonly notifications: Notifications
  /** Tells of appends, in this process and others. */
  readonly appends: AppendSignal
  /** What the app's classes are made with. */
  readonly services: Services
  readonly logger: Logger
  /** The parts that stand behind ports. */
  readonly parts: ReplaceableParts
  /** What calls found of the parts that they went to. */
  readonly states: PartStates
  /** Partitions per topic of the app. */
  readonly topics: ReadonlyMap<string, number>
  /** The folder of the embedded server, where one is used. */
  readonly dataFolder: string | undefined
  close(): Promise<void>
}

/** What opening may add to what it finds. */
interface Additions {
  /** An embedded database where there is none, and the log where none is recorded. */
  readonly firstUse: boolean
  readonly migrations: boolean
  readonly missingTopic: MissingTopic
  /** The classes that will be made with services. */
  readonly serviceUsers: readonly ServiceUser[]
}

/**
 * Opens everything an app runs on. With `provision` it also migrates and creates topics; without, what is missing is an
 * error that names the command.
 *
 * @throws {@link DefinitionError} where a class injects a service that there is not, or a projection that is inline could
 * not be; {@link DatabaseUnreachable}, {@link DatabaseTooNew}, {@link DatabaseTooOld}, {@link LogMismatch},
 * {@link LogUnavailable}, {@link StoreMismatch}, {@link TopicMissing}; whatever was opened by then is closed again
 */
export async function openInstallation(
  model: AppModel,
  settings: Settings,
  parts: ReplaceableParts = shippedParts,
): Promise<Installation> {
  const { provision, roles, container } = settings
  const serviceUsers = serviceUsersOf(model, roles)
  requireServices(serviceUsers, container)
  const missingTopic = provision ? 'create' : 'refuse'
  return open(model, settings, { firstUse: true, migrations: provision, missingTopic, serviceUsers }, parts)
}

/**
 * Opens what an app that was started before runs on, for commands beside it: nothing is migrated, created or recorded,
 * whatever `provision` says. Topics that do not exist yet are left alone, and a service that there is not is missed only
 * when it is asked for.
 *
 * @throws as {@link openInstallation}, {@link TopicMissing} apart
 */
export function joinInstallation(model: AppModel, settings: Settings): Promise<Installation> {
  const serviceUsers = serviceUsersOf(model)
  return open(model, settings, { firstUse: false, migrations: false, missingTopic: 'leave', serviceUsers })
}

async function open(
  model: AppModel,
  settings: Settings,
  { firstUse, migrations, missingTopic, serviceUsers }: Additions,
  parts: ReplaceableParts = shippedParts,
): Promise<Installation> {
  const logger = settings.logger ?? createLogger(settings.logLevel, settings.sensitive)
  const services = await Services.fetch(serviceUsers, settings.container)
  const closing = new ClosingStack()
  try {
    const found = await findDatabases(model.name, settings, logger, firstUse)
    closing.add(() => found.close())
    const { databases, dataFolder } = found
    const { schemas, store, read } = databases
    await requireOneDatabase(model, databases)
    for (const side of SIDES) {
      if (migrations) await migrate(databases[side], side, schemas)
      else await requireMigrated(databases[side], side, schemas)
      await requireSafeSequences(databases[side], schemas[side], urlSettingOf(side, databases))
    }
    if (firstUse) await claimForApp(store, schemas.store, model.name)
    else await requireApp(store, schemas.store, model.name)
    if (firstUse) await claimReadSide(read, schemas.read, model.name)
    else await requireReadSide(read, schemas.read, model.name)
    if (migrations) await enterEventSchemas(model, databases)
    const storeId = await storeIdOf(store, schemas.store)
    const encoding = jsonEncoding({ service: model.name, storeId })
    const notifications = new Notifications(store, logger)
    closing.add(() => notifications.close())
    const log = await openLog(settings, databases, encoding, notifications, logger, parts.failpoints)
    closing.add(() => log.close())
    const usedBefore = await requireLog(store, schemas.store, log.identity, settings.logWayOut)
    const topics = await topicsFor(model, { log, missingTopic, storeId, usedBefore, encoding, logger })
    // Only now: a start that was refused must not bind the store to a log that was named by mistake.
    if (firstUse) await claimLog(store, schemas.store, log.identity, settings.logWayOut)
    return {
      model,
      settings,
      databases,
      log,
      storeId,
      encoding,
      eventTypes: eventTypesOf(model.aggregates.flatMap(({ events }) => [...events.values()])),
      history: new PostgresEventReader(store, schemas.store),
      notifications,
      appends: new AppendSignal(notifications, schemas.store),
      services,
      logger,
      parts,
      states: new PartStates(),
      topics,
      dataFolder,
      close: () => closing.close(),
    }
  } catch (error) {
    // What went wrong first is what its starter needs to know.
    await closing.close().catch(() => undefined)
    throw error
  }
}

/** What names the database of a side. */
function urlSettingOf(side: Side, { address, readAddress }: Databases): string {
  return side === 'read' && readAddress !== address ? 'READ_DATABASE_URL' : 'DATABASE_URL'
}

/** What is written in the append's transaction can only be where the append is. */
async function requireOneDatabase({ projections }: AppModel, databases: Databases): Promise<void> {
  const inline = projections.filter((it) => it.inline)
  if (inline.length === 0 || (await databases.areOne())) return
  throw new DefinitionError(
    inline.map(
      ({ name }) =>
        `projection ${name}: it is inline, but READ_DATABASE_URL leads to another database than DATABASE_URL: leave that out, or let the projection follow the log`,
    ),
  )
}
