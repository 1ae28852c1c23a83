import { type Lane, laneName } from '../lane-consumer.js'

/** What the group knows of a member when its lanes are given out. Lanes go by their names. */
export interface GroupMember {
  readonly id: string
  /** Only lanes of these can be given to it. */
  readonly topics: readonly string[]
  /** What it had until now. */
  readonly owned: ReadonlySet<string>
  /** What it leaves to the others. */
  readonly declined: ReadonlySet<string>
}

/**
 * Gives every lane to one member: each keeps what it had, as far as nobody then has two lanes more than somebody else who
 * could take one. A lane that a member declines goes to the others where there is one that does not. The same members
 * and lanes always give the same answer, in whatever order they come.
 */
export function distribute(
  lanes: readonly Lane[],
  members: readonly GroupMember[],
): ReadonlyMap<string, readonly Lane[]> {
  const shares = [...members]
    .sort((one, other) => compare(one.id, other.id))
    .map((member) => new Share(member))
  const unowned: Lane[] = []
  for (const lane of [...lanes].sort(inOrder)) {
    const owners = takersOf(lane, shares).filter(({ member }) => member.owned.has(laneName(lane)))
    if (owners.length === 0) unowned.push(lane)
    else leastOf(owners)?.lanes.push(lane)
  }
  for (const lane of unowned) leastOf(takersOf(lane, shares))?.lanes.push(lane)
  while (moveOne(shares));
  return new Map(shares.map(({ member, lanes: own }) => [member.id, own]))
}

/** A member and what it is to have. */
class Share {
  readonly member: GroupMember
  lanes: Lane[] = []

  constructor(member: GroupMember) {
    this.member = member
  }
}

/** The members that a lane can be given to: all of its topic where all of them decline it. */
function takersOf(lane: Lane, shares: readonly Share[]): readonly Share[] {
  const ofTopic = shares.filter(({ member }) => member.topics.includes(lane.topic))
  const willing = ofTopic.filter(({ member }) => !member.declined.has(laneName(lane)))
  return willing.length > 0 ? willing : ofTopic
}

/** Of several with the same number the first one. */
const leastOf = (shares: readonly Share[]): Share | undefined =>
  shares.reduce<Share | undefined>(
    (least, share) => (least === undefined || share.lanes.length < least.lanes.length ? share : least),
    undefined,
  )

/** Moves a lane from whoever has most to whoever has least, where that makes them more alike. Answers whether it did. */
function moveOne(shares: readonly Share[]): boolean {
  for (const from of [...shares].sort((one, other) => other.lanes.length - one.lanes.length)) {
    const moves = from.lanes.flatMap((lane) => {
      const to = leastOf(takersOf(lane, shares))
      return to === undefined || from.lanes.length - to.lanes.length < 2 ? [] : [{ lane, to }]
    })
    // What it did not have before does not have to stay; of the rest the last ones go.
    const move = moves.find(({ lane }) => !from.member.owned.has(laneName(lane))) ?? moves.at(-1)
    if (move === undefined) continue
    from.lanes = from.lanes.filter((lane) => lane !== move.lane)
    move.to.lanes.push(move.lane)
    return true
  }
  return false
}

const inOrder = (one: Lane, other: Lane): number =>
  compare(one.topic, other.topic) || one.partition - other.partition

/** By code units, since the members' locales may differ. */
const compare = (one: string, other: string): number => (one < other ? -1 : one > other ? 1 : 0)
