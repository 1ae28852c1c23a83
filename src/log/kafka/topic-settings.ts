import kafkajs, { type Admin, type ITopicMetadata } from 'kafkajs'
import { brokerErrorOf } from '../../kafka/index.js'
import type { TopicSettings } from '../topics.js'

const POLICY = 'cleanup.policy'
const RETENTIONS = ['retention.ms', 'retention.bytes']
const IN_SYNC = 'min.insync.replicas'
const UNLIMITED = '-1'

/** Clients without the right to read a topic's settings are told so; nothing follows from that. */
const MAY_NOT_KNOW = ['TOPIC_AUTHORIZATION_FAILED', 'CLUSTER_AUTHORIZATION_FAILED']

/** How topics are kept. What is missing, or may not be known, is missing from the answer. */
export async function topicSettings(
  admin: Admin,
  names: readonly string[],
): Promise<readonly TopicSettings[]> {
  const existing = new Set(await admin.listTopics())
  const asked = [...new Set(names)].filter((name) => existing.has(name))
  if (asked.length === 0) return []
  try {
    const { topics } = await admin.fetchTopicMetadata({ topics: asked })
    const { resources } = await admin.describeConfigs({
      includeSynonyms: false,
      resources: asked.map((name) => ({
        type: kafkajs.ConfigResourceTypes.TOPIC,
        name,
        configNames: [POLICY, ...RETENTIONS, IN_SYNC],
      })),
    })
    return topics.map((topic) => {
      const { configEntries = [] } = resources.find(({ resourceName }) => resourceName === topic.name) ?? {}
      const values = new Map(configEntries.map(({ configName, configValue }) => [configName, configValue]))
      return settingsOf(topic, values)
    })
  } catch (error) {
    if (MAY_NOT_KNOW.includes(brokerErrorOf(error) ?? '')) return []
    throw error
  }
}

function settingsOf(
  { name, partitions }: ITopicMetadata,
  values: ReadonlyMap<string, string>,
): TopicSettings {
  const policies = (values.get(POLICY) ?? 'delete').split(',').map((it) => it.trim())
  const limits = RETENTIONS.filter((it) => (values.get(it) ?? UNLIMITED) !== UNLIMITED)
  const finite = policies.includes('delete') ? limits.map((it) => `${it}=${values.get(it) ?? ''}`) : []
  return {
    name,
    compacted: policies.includes('compact'),
    retention: finite.length === 0 ? undefined : finite.join(', '),
    replicas: Math.min(...partitions.map(({ replicas }) => replicas.length)),
    minInsyncReplicas: Number(values.get(IN_SYNC) ?? 1),
  }
}
