import kafkajs, { type GroupMember as ClientMember, type PartitionAssigner } from 'kafkajs'
import type { Lane } from '../lane-consumer.js'
import { distribute, type GroupMember } from './distribution.js'
import type { Standing, Told } from './standing.js'

const NAME = 'reprise-sticky'
/** Of what members and leader tell each other. */
const VERSION = 0

const { MemberAssignment, MemberMetadata } = kafkajs.AssignerProtocol

/**
 * Keeps lanes where they are when the group gives them out anew. Every member tells what it has and what it declines; the
 * one that the brokers choose gives the lanes out.
 */
export const stickyAssigner =
  (standing: Standing): PartitionAssigner =>
  ({ cluster }) => ({
    name: NAME,
    version: VERSION,

    assign: ({ members, topics }) => {
      standing.alone = members.length === 1
      const lanes = topics.flatMap((topic) =>
        cluster.findTopicPartitionMetadata(topic).map(({ partitionId: partition }) => ({ topic, partition })),
      )
      const shares = distribute(lanes, members.map(memberOf))
      return Promise.resolve(
        [...shares].map(([memberId, own]) => ({
          memberId,
          memberAssignment: MemberAssignment.encode({
            version: VERSION,
            assignment: partitionsByTopic(own),
            userData: Buffer.alloc(0),
          }),
        })),
      )
    },

    protocol: ({ topics }) => {
      // Whoever gives out the lanes says so in a moment.
      standing.alone = false
      const userData = Buffer.from(JSON.stringify(standing.tell()))
      return { name: NAME, metadata: MemberMetadata.encode({ version: VERSION, topics, userData }) }
    },
  })

function memberOf({ memberId: id, memberMetadata }: ClientMember): GroupMember {
  const metadata = MemberMetadata.decode(memberMetadata)
  const { owned, declined } = toldIn(metadata?.userData)
  return { id, topics: metadata?.topics ?? [], owned: new Set(owned), declined: new Set(declined) }
}

/** Whoever joins the group may say anything: what cannot be read claims and declines nothing. */
function toldIn(userData: Buffer | undefined): Told {
  try {
    const told: unknown = JSON.parse(userData?.toString() ?? '')
    if (typeof told !== 'object' || told === null) return { owned: [], declined: [] }
    return {
      owned: namesIn('owned' in told ? told.owned : undefined),
      declined: namesIn('declined' in told ? told.declined : undefined),
    }
  } catch {
    return { owned: [], declined: [] }
  }
}

const namesIn = (value: unknown): readonly string[] =>
  Array.isArray(value) ? value.filter((name): name is string => typeof name === 'string') : []

function partitionsByTopic(lanes: readonly Lane[]): Record<string, number[]> {
  const partitions = new Map<string, number[]>()
  for (const { topic, partition } of lanes)
    partitions.set(topic, [...(partitions.get(topic) ?? []), partition])
  return Object.fromEntries(partitions)
}
