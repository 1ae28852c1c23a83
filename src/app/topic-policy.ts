import { ConfigurationError } from '../core/errors/index.js'
import type { Logger } from '../core/ports/logger.js'
import type { TopicSettings } from '../log/index.js'

/** Something about how an event topic is kept that breaks a promise, by the name of the topic's setting. */
export interface UnsafePolicy {
  readonly setting: string
  /** Whether an app is not started on it. Otherwise it is warned of. */
  readonly refused: boolean
  /** What it is, and what comes of it; after the topic's name. */
  readonly problem: string
  readonly remedy: string
}

/** What is unsafe about how an event topic is kept. */
export function unsafePolicies(topic: TopicSettings): readonly UnsafePolicy[] {
  const { name, compacted, retention, replicas, minInsyncReplicas } = topic
  const found: UnsafePolicy[] = []
  if (compacted)
    found.push({
      setting: 'cleanup.policy',
      refused: true,
      problem: 'is compacted: of each stream only the last event would be left',
      remedy: `set cleanup.policy=delete on ${name}, and make the topic again if events are gone already`,
    })
  if (minInsyncReplicas > replicas)
    found.push({
      setting: 'min.insync.replicas',
      refused: true,
      problem: `has ${replicas} replicas and min.insync.replicas=${minInsyncReplicas}: no event could ever be published`,
      remedy: `lower min.insync.replicas of ${name} to ${replicas} or less, or give it more replicas`,
    })
  if (retention !== undefined)
    found.push({
      setting: 'retention',
      refused: false,
      problem: `drops old events (${retention}): a projection that is far behind cannot catch up from it`,
      remedy: `set retention.ms and retention.bytes of ${name} to -1`,
    })
  return found
}

/**
 * Refuses topics on which promises cannot hold, and warns of what they hold on with less.
 *
 * @throws {@link ConfigurationError} that names the topic and its setting
 */
export function requireSafePolicies(topics: readonly TopicSettings[], logger: Logger): void {
  for (const topic of topics) {
    for (const { setting, refused, problem, remedy } of unsafePolicies(topic)) {
      if (refused)
        throw new ConfigurationError(setting, `cannot be used: topic ${topic.name} ${problem}; ${remedy}`)
      logger.warn({ topic: topic.name, setting }, `topic ${topic.name} ${problem}; ${remedy}`)
    }
  }
}
