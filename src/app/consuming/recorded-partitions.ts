import { ConfigurationError } from '../../core/errors/index.js'
import type { ProjectionParts } from '../../projections/projection-feed.js'

/**
 * Refuses to feed a projection from a topic that has another number of partitions than when its live generation was
 * built: keys have changed their place, so that later events of a key could be applied before earlier ones.
 *
 * @throws {@link ConfigurationError}
 */
export async function requireRecordedPartitions<Tx>({
  model: { name },
  source,
  generations,
  checkpoints,
}: ProjectionParts<Tx>): Promise<void> {
  const status = await generations.status()
  if (status === undefined) return
  const lanes = await checkpoints.positions({ name, generation: status.live.generation })
  for (const [topic, partitions] of source.topics) {
    const recorded = lanes.filter((lane) => lane.topic === topic).length
    if (recorded === 0 || recorded === partitions) continue
    throw new ConfigurationError(
      'topic.partitions',
      `of ${topic} was ${recorded} when projection ${name} was built, and is ${partitions} now, which moves keys to other ` +
        `partitions: run reprise projection rebuild ${name}`,
    )
  }
}
