import { jsonEncoding } from '../../contracts/index.js'
import { TopicMissing } from '../../core/errors/index.js'
import { eventTypesOf } from '../../core/event-reading.js'
import type { Log } from '../../log/index.js'
import { type Additions, additionsOfJoin, additionsOfStart } from '../additions.js'
import type { AppModel } from '../app-model.js'
import type { ClosingStack } from '../closing-stack.js'
import { deadLetterTopicsFor } from '../dead-letter-topics.js'
import { PartStates } from '../health/part-states.js'
import { openAll } from '../open-all.js'
import { openKafka } from '../open-log.js'
import {
  type Given,
  openBasis,
  ownReadSide,
  prepareSide,
  type ReadInstallation,
} from '../read-installation.js'
import { type ReplaceableParts, shippedParts } from '../replaceable-parts.js'
import type { Settings } from '../settings.js'
import type { MissingTopic } from '../topics.js'
import { requireBrokers } from './require-brokers.js'

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
): Promise<ReadInstallation> {
  const additions = additionsOfStart(model, settings)
  return openAll((closing) => open({ model, settings, parts }, additions, closing))
}

/**
 * Opens what a consuming service that was started before runs on, for commands beside it: nothing is migrated or created,
 * and a missing topic is left alone.
 *
 * @throws as {@link openConsumingInstallation}, {@link TopicMissing} apart
 */
export function joinConsumingInstallation(model: AppModel, settings: Settings): Promise<ReadInstallation> {
  const additions = additionsOfJoin(model)
  return openAll((closing) => open({ model, settings, parts: shippedParts }, additions, closing))
}

async function open(
  given: Given,
  additions: Additions,
  closing: ClosingStack,
): Promise<Omit<ReadInstallation, 'close'>> {
  const { model, settings } = given
  const { missingTopic } = additions
  requireBrokers(settings)
  const basis = await openBasis(given, additions, closing)
  await prepareSide('read', basis, additions, 'READ_DATABASE_URL')
  await ownReadSide(basis, additions)
  const { logger } = basis
  // Nothing is published, so it does not matter that the log knows no store.
  const log = await openKafka(settings, jsonEncoding({ service: model.name, storeId: '' }), logger)
  closing.add(() => log.close())
  const topics = await consumedTopics(model, log, missingTopic)
  // Those are its own, as its group is: the topics that it reads are their producers' alone.
  await deadLetterTopicsFor(topics, log, missingTopic, logger)
  const eventTypes = eventTypesOf(model.contracts.flatMap(({ events }) => events))
  return { ...basis, log, eventTypes, states: new PartStates(), topics }
}

/** Creates none: whatever becomes of a topic of its own, these are their producers'. */
async function consumedTopics(
  { contracts }: AppModel,
  log: Log,
  missing: MissingTopic,
): Promise<ReadonlyMap<string, number>> {
  const found = await log.topics.describe(contracts.map(({ topic }) => topic))
  const lacking = contracts.find(({ topic }) => !found.has(topic))
  if (lacking !== undefined && missing !== 'leave')
    throw new TopicMissing(
      lacking.topic,
      `its producer creates it, so start that first, or correct the topic in the contract ${lacking.name}`,
    )
  return new Map([...found].map(([topic, { partitions }]) => [topic, partitions]))
}
