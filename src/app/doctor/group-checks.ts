import { counted } from '../../core/counted.js'
import type { Logger } from '../../core/ports/logger.js'
import { generationGroup } from '../../projections/generation.js'
import type { AppModel } from '../app-model.js'
import type { Settings } from '../settings.js'
import { type Check, examined, ok, within, warning } from './check.js'
import type { ConsumerGroup } from './kafka/consumer-groups.js'

/** The live generation of a projection, or of effects, and how many processes say that they feed it. */
export interface FedGeneration {
  readonly name: string
  readonly generation: number
  readonly feeders: number
}

/** Whether the brokers have the groups that records are consumed in, and whether anybody is in them. */
export function groupChecks(
  { name: app, projections }: AppModel,
  { kafka }: Pick<Settings, 'kafka'>,
  fed: readonly FedGeneration[],
  logger: Logger,
): Promise<readonly Check[]> {
  // An ordered projection follows the store, and an inline one nothing.
  const groupless = projections.filter(({ inline, across }) => inline || across === 'ordered')
  const groups = fed
    .filter((it) => !groupless.some(({ name }) => name === it.name))
    .map(({ name, generation, feeders }) => ({ group: generationGroup(app, name, generation), feeders }))
  if (kafka === undefined || groups.length === 0) return Promise.resolve([])
  return examined('consumer groups', async () => {
    const { consumerGroups } = await import('./kafka/consumer-groups.js')
    const names = groups.map(({ group }) => group)
    const found = await within(consumerGroups(kafka, names, logger))
    return groups.map(({ group, feeders }) => groupCheck(`group ${group}`, found.get(group), feeders))
  })
}

const LOOK_AGAIN =
  'look again in a minute: a consumer that ended is built anew by itself; if it stays so, restart the process and read its log'

/** Where nobody feeds it, the check of that says whether it matters. */
function groupCheck(check: string, group: ConsumerGroup | undefined, feeders: number): Check {
  const { state, members } = group ?? { state: 'Dead', members: 0 }
  const who = counted(members, 'member')
  const say = counted(feeders, 'process says that it feeds', 'processes say that they feed')
  switch (state) {
    case 'Stable':
      return ok(check, who)
    case 'Dead':
      return feeders === 0
        ? ok(check, 'the brokers know no such group: nobody has consumed in it of late')
        : warning(check, `the brokers know no such group, but ${say} the projection`, LOOK_AGAIN)
    case 'Empty':
      return feeders === 0
        ? ok(check, 'has no members, as no process feeds it')
        : warning(check, `has no members, but ${say} the projection`, LOOK_AGAIN)
    default:
      return warning(
        check,
        `is handing out partitions anew (${state}), among ${who}`,
        'look again in some seconds; if it stays so, a member does not answer: read the logs of those that feed the projection',
      )
  }
}
