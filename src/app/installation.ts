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
import { type Databases, openDatabases } from './postgres/databases.js'
import { claimLog, storeIdOf } from './postgres/store-identity.js'
import { findServer } from './server.js'
import type { Settings } from './settings.js'
import { topicsFor } from './topics.js'

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

/**
 * Opens everything an app runs on. With `provision` it also migrates and creates topics; without, what is missing is an
 * error that names the command.
 *
 * @throws {@link DatabaseUnreachable}, {@link DatabaseTooNew}, {@link DatabaseTooOld}, {@link LogMismatch},
 * {@link LogUnavailable}, {@link StoreMismatch}, {@link TopicMissing}; whatever was opened by then is closed again
 */
export async function openInstallation(model: AppModel, settings: Settings): Promise<Installation> {
  const logger = settings.logger ?? createLogger(settings.logLevel, settings.sensitive)
  const closing: (() => Promise<void>)[] = []
  const closeAll = async (): Promise<void> => {
    for (const close of closing.splice(0).reverse()) await close()
  }
  try {
    const server = await findServer(settings, logger)
    closing.push(() => server.stop())
    const databases = await openDatabases(server.url, model.name, settings, logger)
    closing.push(() => databases.close())
    const { schemas, store } = databases
    for (const side of SIDES) {
      if (settings.provision) await migrate(databases[side], side, schemas)
      else await requireMigrated(databases[side], side, schemas)
    }
    const storeId = await storeIdOf(store, schemas.store)
    const encoding = jsonEncoding({ service: model.name, storeId })
    const notifications = new Notifications(store, logger)
    closing.push(() => notifications.close())
    const log = await openLog(settings, databases, encoding, notifications, logger)
    closing.push(() => log.close())
    await claimLog(store, schemas.store, log.identity, settings.logWayOut)
    const topics = await topicsFor(model, log, settings.provision, storeId, encoding)
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
      dataFolder: server.dataFolder,
      close: closeAll,
    }
  } catch (error) {
    await closeAll()
    throw error
  }
}
