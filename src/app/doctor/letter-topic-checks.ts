import { counted } from '../../core/counted.js'
import type { Topics, TopicSettings } from '../../log/index.js'
import { deadLetterTopic } from '../../subscriptions/index.js'
import { unsafePolicies } from '../topic-policy.js'
import { type Check, ok, problem, warning } from './check.js'

/**
 * Whether the topics are there that dead letters are published to, by the topics that the letters are of. `waiting` are
 * those that letters wait for.
 */
export async function letterTopicChecks(
  topics: Topics,
  partitionsOf: ReadonlyMap<string, number>,
  waiting: ReadonlySet<string>,
): Promise<readonly Check[]> {
  const names = [...partitionsOf.keys()].map(deadLetterTopic)
  const found = await topics.describe(names)
  const settings = await topics.settings(names)
  return [...partitionsOf].map(([topic, partitions]) => {
    const name = deadLetterTopic(topic)
    const there = found.get(name)
    if (there === undefined) return missing(topic, partitions, waiting.has(name))
    const kept = settings.find((it) => it.name === name)
    return letterTopicCheck(topic, partitions, there.partitions, kept)
  })
}

function missing(topic: string, partitions: number, isAwaited: boolean): Check {
  const why = `does not exist: dead letters of ${topic} are kept in the outbox of the read side, and not published`
  return (isAwaited ? problem : warning)(
    `topic ${deadLetterTopic(topic)}`,
    isAwaited ? `${why}; some wait there` : why,
    `create it with ${counted(partitions, 'partition')}, or start the app with REPRISE_PROVISION=true, which does`,
  )
}

function letterTopicCheck(
  topic: string,
  partitions: number,
  found: number,
  kept: TopicSettings | undefined,
): Check {
  const name = deadLetterTopic(topic)
  const check = `topic ${name}`
  const fault = kept === undefined ? undefined : policyFault(check, kept)
  if (fault !== undefined) return fault
  return found === partitions
    ? ok(check, `${counted(found, 'partition')}; dead letters of ${topic} are published here`)
    : warning(
        check,
        `has ${counted(found, 'partition')}, and ${topic} has ${partitions}: a letter is not in the partition of its record`,
        `nothing, unless a tool expects it there; then delete the topic and create it with ${counted(partitions, 'partition')}`,
      )
}

/** What is done about old letters is anybody's choice: each is on the read side until it is decided about. */
function policyFault(check: string, topic: TopicSettings): Check | undefined {
  if (topic.compacted)
    return warning(
      check,
      'is compacted: of each key only the last letter is left',
      `set cleanup.policy=delete on ${topic.name}`,
    )
  const refused = unsafePolicies(topic).find((it) => it.refused)
  return refused && problem(check, refused.problem, refused.remedy)
}
