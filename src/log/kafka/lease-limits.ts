import kafkajs from 'kafkajs'
import { ConfigurationError } from '../../core/errors/index.js'
import type { Logger } from '../../core/ports/logger.js'
import type { AdminConnection } from './admin-connection.js'

const SHORTEST = 'group.min.session.timeout.ms'
const LONGEST = 'group.max.session.timeout.ms'

/**
 * Refuses a lease that the brokers would refuse every time a member joins with it. Clients that may not read the
 * brokers' settings learn it then, from the log.
 *
 * @throws {@link ConfigurationError}
 */
export async function refuseImpossibleLease(
  connection: AdminConnection,
  lease: number,
  logger: Logger,
): Promise<void> {
  const limits = await readLimits(connection).catch((error: unknown) => {
    logger.debug({ error: String(error) }, 'the limits of leases are not known')
    return new Map<string, number>()
  })
  const shortest = limits.get(SHORTEST) ?? 0
  const longest = limits.get(LONGEST) ?? Infinity
  if (lease < shortest) {
    throw new ConfigurationError(
      'lease',
      `of ${lease} ms is shorter than the brokers allow: raise it to ${shortest}, or lower their ${SHORTEST}`,
    )
  }
  if (lease > longest) {
    throw new ConfigurationError(
      'lease',
      `of ${lease} ms is longer than the brokers allow: lower it to ${longest}, or raise their ${LONGEST}`,
    )
  }
}

function readLimits(connection: AdminConnection): Promise<ReadonlyMap<string, number>> {
  return connection.use(async (admin) => {
    const { brokers } = await admin.describeCluster()
    const broker = {
      type: kafkajs.ConfigResourceTypes.BROKER,
      name: String(brokers[0]?.nodeId),
      configNames: [SHORTEST, LONGEST],
    }
    const { resources } = await admin.describeConfigs({ resources: [broker], includeSynonyms: false })
    const entries = resources.flatMap(({ configEntries }) => configEntries)
    return new Map(entries.map(({ configName, configValue }) => [configName, Number(configValue)]))
  })
}
