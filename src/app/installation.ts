import { jsonEncoding } from '../contracts/index.js'
import type { EventEncoding } from '../core/event-encoding.js'
import { type EventTypes, eventTypesOf } from '../core/event-reading.js'
import type { EventReader } from '../core/ports/event-reader.js'
import type { Logger } from '../core/ports/logger.js'
import type { Log } from '../log/index.js'
import { PostgresEventReader } from '../postgres/event-reader.js'
import { migrate, requireMigrated, SIDES } from '../postgres/migrate.js'
import { Notifications } from '../postgres/notifications.js'
import type { AppModel } from './app-model.js'
import { createLogger } from './logger.js'
import { openLog } from './open-log.js'
import { findDatabases } from './find-databases.js'
import type { Databases } from './postgres/databases.js'
import { claimForApp, claimLog, requireApp, requireLog, storeIdOf } from './postgres/store-identity.js'
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
  readonly notifications: Notifications
  readonly logger: Logger
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
}

/**
 * Opens everything an app runs on. With `provision` it also migrates and creates topics; without, what is missing is an
 * error that names the command.
 *
 * @throws {@link DatabaseUnreachable}, {@link DatabaseTooNew}, {@link DatabaseTooOld}, {@link LogMismatch},
 * {@link LogUnavailable}, {@link StoreMismatch}, {@link TopicMissing}; whatever was opened by then is closed again
 */
export function openInstallation(model: AppModel, settings: Settings): Promise<Installation> {
  const { provision } = settings
  const missingTopic = provision ? 'create' : 'refuse'
  return open(model, settings, { firstUse: true, migrations: provision, missingTopic })
}

/**
 * Opens what an app that was started before runs on, for commands beside it: nothing is migrated, created or recorded,
 * whatever `provision` says. Topics that do not exist yet are left alone.
 *
 * @throws as {@link openInstallation}, {@link TopicMissing} apart
 */
export function joinInstallation(model: AppModel, settings: Settings): Promise<Installation> {
  return open(model, settings, { firstUse: false, migrations: false, missingTopic: 'leave' })
}

async function open(
  model: AppModel,
  settings: Settings,
  { firstUse, migrations, missingTopic }: Additions,
): Promise<Installation> {
  const logger = settings.logger ?? createLogger(settings.logLevel, settings.sensitive)
  const closing: (() => Promise<void>)[] = []
  const closeAll = async (): Promise<void> => {
    for (const close of closing.splice(0).reverse()) await close()
  }
  try {
    const found = await findDatabases(model.name, settings, logger, firstUse)
    closing.push(() => found.close())
    const { databases, dataFolder } = found
    const { schemas, store } = databases
    for (const side of SIDES) {
      if (migrations) await migrate(databases[side], side, schemas)
      else await requireMigrated(databases[side], side, schemas)
    }
    if (firstUse) await claimForApp(store, schemas.store, model.name)
    else await requireApp(store, schemas.store, model.name)
    const storeId = await storeIdOf(store, schemas.store)
    const encoding = jsonEncoding({ service: model.name, storeId })
    const notifications = new Notifications(store, logger)
    closing.push(() => notifications.close())
    const log = await openLog(settings, databases, encoding, notifications, logger)
    closing.push(() => log.close())
    await requireLog(store, schemas.store, log.identity, settings.logWayOut)
    const topics = await topicsFor(model, log, missingTopic, storeId, encoding)
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
      logger,
      topics,
      dataFolder,
      close: closeAll,
    }
  } catch (error) {
    await closeAll()
    throw error
  }
}
