import type { EventEncoding } from '../core/event-encoding.js'
import { ConfigurationError, EventNotReadable, StoreMismatch, TopicMissing } from '../core/errors/index.js'
import type { Logger } from '../core/ports/logger.js'
import type { Log, LogRecord } from '../log/index.js'
import { topicOf } from '../outbox/routing.js'
import type { AppModel } from './app-model.js'
import { deadLetterTopicsFor } from './dead-letter-topics.js'
import { requireSafePolicies } from './topic-policy.js'

/** Partitions of a topic whose aggregate does not say. Its number is fixed at creation, so it leaves room to grow. */
const DEFAULT_PARTITIONS = 6

/** What to do about a topic that does not exist. */
export type MissingTopic = 'create' | 'refuse' | 'leave'

/** Partitions per topic of the app, as its aggregates declare them. */
export function declaredTopics({ name: app, aggregates }: AppModel): ReadonlyMap<string, number> {
  return new Map(
    aggregates.map(({ name, topic }): [string, number] => [
      topicOf(app, name),
      topic.partitions ?? DEFAULT_PARTITIONS,
    ]),
  )
}

/** What the topics of an app are looked at with. */
export interface TopicsOptions {
  readonly log: Log
  readonly missingTopic: MissingTopic
  readonly storeId: string
  /** Whether the store has published into this log. Then a record that is no event is a stranger's among its own. */
  readonly usedBefore: boolean
  readonly encoding: EventEncoding
  readonly logger: Logger
}

/**
 * Makes sure that the app's topics exist, as declared, and carry no other store's records. Answers their partitions.
 *
 * @throws {@link TopicMissing} for a missing one that is refused, {@link StoreMismatch} for a stranger's,
 * {@link ConfigurationError} for one with another number of partitions, or kept in a way that loses events
 */
export async function topicsFor(
  model: AppModel,
  options: TopicsOptions,
): Promise<ReadonlyMap<string, number>> {
  const { log, missingTopic: missing, logger } = options
  const declared = declaredTopics(model)
  const found = await log.topics.describe([...declared.keys()])
  for (const [name, partitions] of declared) {
    const topic = found.get(name)
    if (topic === undefined && missing === 'refuse') throw new TopicMissing(name)
    if (topic === undefined && missing === 'leave') continue
    if (topic === undefined) await log.topics.create({ name, partitions })
    else requirePartitions(name, partitions, topic.partitions)
    await requireOwnRecords(name, options)
  }
  requireSafePolicies(await log.topics.settings([...declared.keys()]), logger)
  if (parksEvents(model)) await deadLetterTopicsFor(declared, log, missing, logger)
  return declared
}

/** What is written inline is parked by nobody: its append is refused. */
export const parksEvents = ({ projections, effects }: AppModel): boolean =>
  effects.length > 0 || projections.some(({ inline }) => !inline)

/** Another count would put a key's next events into another partition than its earlier ones. */
function requirePartitions(topic: string, declared: number, found: number): void {
  if (declared === found) return
  throw new ConfigurationError(
    'topic.partitions',
    `must be ${found}, as topic ${topic} has it, not ${declared}: with another number keys would change their place`,
  )
}

/** A record that anybody could have written must not keep the app from starting: whoever reads it parks it. */
async function requireOwnRecords(
  topic: string,
  { log, storeId, usedBefore, encoding, logger }: TopicsOptions,
): Promise<void> {
  const record = await log.sample(topic)
  if (record === undefined) return
  const found = writerOf(record, encoding)
  if (found === storeId) return
  if (found === undefined && usedBefore) {
    const { partition, offset } = record
    logger.warn({ topic, partition, offset: offset.toString() }, 'a topic holds a record that is no event')
    return
  }
  const whatToDo = `give this app another name, or delete the topic if nobody needs its records`
  throw new StoreMismatch(topic, storeId, found ?? 'unknown (they are not records of Reprise)', whatToDo)
}

/** The store that wrote a record; undefined where it was none of ours. */
function writerOf(record: LogRecord, encoding: EventEncoding): string | undefined {
  try {
    return encoding.decode(record).storeId
  } catch (error) {
    if (error instanceof EventNotReadable) return undefined
    throw error
  }
}
