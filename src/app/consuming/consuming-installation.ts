import { jsonEncoding } from '../../contracts/index.js'
import { TopicMissing } from '../../core/errors/index.js'
import { type EventTypes, eventTypesOf } from '../../core/event-reading.js'
import type { Logger } from '../../core/ports/logger.js'
import type { Log } from '../../log/index.js'
import { migrate, requireMigrated } from '../../postgres/migrate.js'
import type { AppModel } from '../app-model.js'
import { ClosingStack } from '../closing-stack.js'
import { findDatabases } from '../find-databases.js'
import { deadLetterTopicsFor } from '../dead-letter-topics.js'
import { PartStates } from '../health/part-states.js'
import { createLogger } from '../logger.js'
import { openKafka } from '../open-log.js'
import type { Databases } from '../postgres/databases.js'
import { claimReadSide, requireReadSide } from '../postgres/read-identity.js'
import { requireSafeSequences } from '../postgres/safe-settings.js'
import { type ReplaceableParts, shippedParts } from '../replaceable-parts.js'
import { serviceUsersOf } from '../service-users.js'
import { requireServices, Services, type ServiceUser } from '../services.js'
import type { Settings } from '../settings.js'
import { requireBrokers } from './require-brokers.js'

/** What a service that only consumes runs on: a read side of its own, and the log of its producers. */
export interface ConsumingInstallation {
  readonly model: AppModel
  readonly settings: Settings
  /** Of these, the read side alone. */
  readonly databases: Databases
  readonly log: Log
  readonly eventTypes: EventTypes
  /** What the app's classes are made with. */
  readonly services: Services
  readonly logger: Logger
  /** The parts that stand behind ports. */
  readonly parts: ReplaceableParts
  /** What calls found of the parts that they went to. */
  readonly states: PartStates
  /** Partitions per topic that it consumes, as the brokers have them. */
  readonly topics: ReadonlyMap<string, number>
  /** The folder of the embedded server, where one is used. */
  readonly dataFolder: string | undefined
  close(): Promise<void>
}

/** What opening may add to what it finds. Topics are their producers' alone. */
interface Additions {
  /** An embedded database where there is none. */
  readonly firstUse: boolean
  readonly migrations: boolean
  readonly missingTopic: 'refuse' | 'leave'
  /** The classes that will be made with services. */
  readonly serviceUsers: readonly ServiceUser[]
}

/**
 * Opens everything a consuming service runs on. With `provision` its read side is also migrated; a topic is never
 * created, whatever it says.
 *
 * @throws {@link ConfigurationError} where no brokers are named, {@link DefinitionError} where a class injects a service
 * that there is not; {@link DatabaseUnreachable}, {@link DatabaseTooNew}, {@link DatabaseTooOld}, {@link LogUnavailable},
 * {@link TopicMissing}; whatever was opened by then is closed again
 */
export async function openConsumingInstallation(
  model: AppModel,
  settings: Settings,
  parts: ReplaceableParts = shippedParts,
): Promise<ConsumingInstallation> {
  const serviceUsers = serviceUsersOf(model, settings.roles)
  requireServices(serviceUsers, settings.container)
  const additions = { firstUse: true, migrations: settings.provision, serviceUsers }
  return open(model, settings, { ...additions, missingTopic: 'refuse' }, parts)
}

/**
 * Opens what a consuming service that was started before runs on, for commands beside it: nothing is migrated or created,
 * and a missing topic is left alone.
 *
 * @throws as {@link openConsumingInstallation}, {@link TopicMissing} apart
 */
export function joinConsumingInstallation(
  model: AppModel,
  settings: Settings,
): Promise<ConsumingInstallation> {
  const additions = { firstUse: false, migrations: false, serviceUsers: serviceUsersOf(model) }
  return open(model, settings, { ...additions, missingTopic: 'leave' })
}

async function open(
  model: AppModel,
  settings: Settings,
  { firstUse, migrations, missingTopic, serviceUsers }: Additions,
  parts: ReplaceableParts = shippedParts,
): Promise<ConsumingInstallation> {
  requireBrokers(settings)
  const logger = settings.logger ?? createLogger(settings.logLevel, settings.sensitive)
  const services = await Services.fetch(serviceUsers, settings.container)
  const closing = new ClosingStack()
  try {
    const found = await findDatabases(model.name, settings, logger, firstUse)
    closing.add(() => found.close())
    const { databases, dataFolder } = found
    const { read, schemas } = databases
    if (migrations) await migrate(read, 'read', schemas)
    else await requireMigrated(read, 'read', schemas)
    await requireSafeSequences(read, schemas.read, 'READ_DATABASE_URL')
    if (firstUse) await claimReadSide(read, schemas.read, model.name)
    else await requireReadSide(read, schemas.read, model.name)
    // Nothing is published, so it does not matter that the log knows no store.
    const log = await openKafka(settings, jsonEncoding({ service: model.name, storeId: '' }), logger)
    closing.add(() => log.close())
    const topics = await consumedTopics(model, log, missingTopic)
    // Those are its own, as its group is: the topics that it reads are their producers' alone.
    const missingLetters = missingTopic === 'refuse' && settings.provision ? 'create' : missingTopic
    await deadLetterTopicsFor(topics, log, missingLetters, logger)
    const eventTypes = eventTypesOf(model.contracts.flatMap(({ events }) => events))
    const opened = {
      model,
      settings,
      databases,
      log,
      eventTypes,
      services,
      logger,
      parts,
      states: new PartStates(),
      topics,
      dataFolder,
    }
    return { ...opened, close: () => closing.close() }
  } catch (error) {
    // What went wrong first is what its starter needs to know.
    await closing.close().catch(() => undefined)
    throw error
  }
}

async function consumedTopics(
  { contracts }: AppModel,
  log: Log,
  missing: Additions['missingTopic'],
): Promise<ReadonlyMap<string, number>> {
  const found = await log.topics.describe(contracts.map(({ topic }) => topic))
  const lacking = contracts.find(({ topic }) => !found.has(topic))
  if (lacking !== undefined && missing === 'refuse')
    throw new TopicMissing(
      lacking.topic,
      `its producer creates it, so start that first, or correct the topic in the contract ${lacking.name}`,
    )
  return new Map([...found].map(([topic, { partitions }]) => [topic, partitions]))
}
