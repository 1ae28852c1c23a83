import type { Logger } from '../../../core/ports/logger.js'
import { type KafkaSettings, kafkaClients } from '../../../kafka/index.js'

/** A consumer group as the brokers have it. */
export interface ConsumerGroup {
  /** The brokers' word for how it is: `Stable`, `Empty`, `Dead` where they know none, or that it is rebalancing. */
  readonly state: string
  readonly members: number
}

const RETRIES = 2

/** What the brokers know of these groups, over a connection of its own. Joins none of them. */
export async function consumerGroups(
  settings: KafkaSettings,
  names: readonly string[],
  logger: Logger,
): Promise<ReadonlyMap<string, ConsumerGroup>> {
  const admin = kafkaClients(settings, logger)({ retries: RETRIES }).admin()
  try {
    await admin.connect()
    const { groups } = await admin.describeGroups([...names])
    return new Map(groups.map(({ groupId, state, members }) => [groupId, { state, members: members.length }]))
  } finally {
    await admin.disconnect().catch(() => undefined)
  }
}
