import { counted } from '../core/counted.js'
import type { Logger } from '../core/ports/logger.js'
import type { Log } from '../log/index.js'
import { deadLetterTopic } from '../subscriptions/index.js'
import type { MissingTopic } from './topics.js'

/**
 * Makes sure that the dead-letter topics of these topics exist, with as many partitions. One that is missing and not
 * created keeps nobody from starting: its letters stay in the read side's outbox until it is there.
 *
 * @throws {@link LogUnavailable} when the log does not answer
 */
export async function deadLetterTopicsFor(
  topics: ReadonlyMap<string, number>,
  log: Log,
  missing: MissingTopic,
  logger: Logger,
): Promise<void> {
  if (missing === 'leave' || topics.size === 0) return
  const found = await log.topics.describe([...topics.keys()].map(deadLetterTopic))
  for (const [topic, partitions] of topics) {
    const name = deadLetterTopic(topic)
    if (found.has(name)) continue
    if (missing === 'create') await log.topics.create({ name, partitions })
    else
      logger.warn(
        { topic: name, partitions },
        `topic ${name} does not exist: dead letters of ${topic} are kept, and published once it does; create it with ${counted(partitions, 'partition')}, or start with provision on`,
      )
  }
}
