import type { EventEncoding } from '../core/event-encoding.js'
import { ConfigurationError, EventNotReadable, StoreMismatch, TopicMissing } from '../core/errors/index.js'
import type { Log, LogRecord } from '../log/index.js'
import { topicOf } from '../outbox/routing.js'
import type { AppModel } from './app-model.js'

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

/**
 * Makes sure that the app's topics exist, as declared, and carry no other store's records. Answers their partitions.
 *
 * @throws {@link TopicMissing} for a missing one that is refused, {@link StoreMismatch} for a stranger's,
 * {@link ConfigurationError} for one with another number of partitions
 */
export async function topicsFor(
  model: AppModel,
  log: Log,
  missing: MissingTopic,
  storeId: string,
  encoding: EventEncoding,
): Promise<ReadonlyMap<string, number>> {
  const declared = declaredTopics(model)
  const found = await log.topics.describe([...declared.keys()])
  for (const [name, partitions] of declared) {
    const topic = found.get(name)
    if (topic === undefined && missing === 'refuse') throw new TopicMissing(name)
    if (topic === undefined && missing === 'leave') continue
    if (topic === undefined) await log.topics.create({ name, partitions })
    else requirePartitions(name, partitions, topic.partitions)
    await requireOwnRecords(name, log, storeId, encoding)
  }
  return declared
}

/** Another count would put a key's next events into another partition than its earlier ones. */
function requirePartitions(topic: string, declared: number, found: number): void {
  if (declared === found) return
  throw new ConfigurationError(
    'topic.partitions',
    `must be ${found}, as topic ${topic} has it, not ${declared}: with another number keys would change their place`,
  )
}

async function requireOwnRecords(
  topic: string,
  log: Log,
  storeId: string,
  encoding: EventEncoding,
): Promise<void> {
  const record = await log.sample(topic)
  if (record === undefined) return
  const found = writerOf(record, encoding)
  if (found === storeId) return
  const whatToDo = `give this app another name, or delete the topic if nobody needs its records`
  throw new StoreMismatch(topic, storeId, found, whatToDo)
}

/** The store that wrote a record, or that it was none of ours. */
function writerOf(record: LogRecord, encoding: EventEncoding): string {
  try {
    return encoding.decode(record).storeId
  } catch (error) {
    if (error instanceof EventNotReadable) return 'unknown (they are not records of Reprise)'
    throw error
  }
}
