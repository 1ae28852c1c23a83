import { jsonEncoding } from '../contracts/index.js'
import { ConfigurationError } from '../core/errors/index.js'
import type { Logger } from '../core/ports/logger.js'
import type { Log } from '../log/index.js'
import { Notifications } from '../postgres/notifications.js'
import { deadLetterTopic } from '../subscriptions/index.js'
import { type AppModel, modelOf } from './app-model.js'
import { type AppDefinition, type AppOptions, defineApp, isAppDefinition } from './definition.js'
import { findDatabases } from './find-databases.js'
import { createLogger } from './logger.js'
import { openLog } from './open-log.js'
import type { Databases } from './postgres/databases.js'
import { dropOwnSchemas } from './postgres/own-schemas.js'
import { type Settings, settingsFor, type StartOptions } from './settings.js'
import { declaredTopics } from './topics.js'

/** What a reset removed. */
export interface ResetReport {
  /** The schemas that were dropped, in name order. */
  readonly schemas: readonly string[]
  /** The topics that were deleted on the broker, those of dead letters among them; those of the Postgres log went with their schema. */
  readonly topics: readonly string[]
  /** The broker's log that was recorded, if another one is named now: it was not asked, and the app's topics stay there. */
  readonly leftLog: string | undefined
}

/** Takes an app back to before its first start; `Reprise.reset` is this, loaded when it is first called. */
export async function reset(
  definition: AppDefinition | AppOptions,
  options: StartOptions = {},
): Promise<ResetReport> {
  const checked = isAppDefinition(definition) ? definition : defineApp(definition)
  const model = modelOf(checked)
  const settings = settingsFor(checked, options)
  if (settings.production)
    throw new ConfigurationError(
      'NODE_ENV',
      'is production, where nothing is reset: drop the schemas yourself',
    )
  const logger = settings.logger ?? createLogger(settings.logLevel, settings.sensitive)
  const found = await findDatabases(model.name, settings, logger, true)
  try {
    return await resetOn(found.databases, model, settings, logger)
  } finally {
    await found.close()
  }
}

/**
 * The broker is reached before anything is dropped, and its topics go last: a reset that was killed between leaves topics
 * of a store that is gone, which a start refuses and the next reset deletes.
 */
async function resetOn(
  databases: Databases,
  model: AppModel,
  settings: Settings,
  logger: Logger,
): Promise<ResetReport> {
  const broker = settings.log === 'kafka' ? await openBroker(databases, model, settings, logger) : undefined
  try {
    const { schemas, recordedLog } = await dropOwnSchemas(databases, model)
    const topics = broker === undefined ? [] : await deleteTopics(broker, model)
    return { schemas, topics, leftLog: otherBroker(recordedLog, broker?.identity) }
  } finally {
    await broker?.close()
  }
}

/** Nothing is published or read here, so it does not matter that the log knows no store. */
function openBroker(databases: Databases, model: AppModel, settings: Settings, logger: Logger): Promise<Log> {
  const encoding = jsonEncoding({ service: model.name, storeId: '' })
  return openLog(settings, databases, encoding, new Notifications(databases.store, logger), logger)
}

async function deleteTopics({ topics }: Log, model: AppModel): Promise<readonly string[]> {
  const declared = [...declaredTopics(model).keys()]
  const own = await topics.describe([...declared, ...declared.map(deadLetterTopic)])
  await topics.delete([...own.keys()])
  return [...own.keys()].sort()
}

/** Topics of the Postgres log were in the store's own schema: nothing of them is left anywhere. */
function otherBroker(recorded: string | undefined, named: string | undefined): string | undefined {
  return recorded === named || recorded === 'postgres' ? undefined : recorded
}
