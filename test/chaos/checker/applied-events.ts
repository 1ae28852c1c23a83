import type { EventFact, LetterFact, ProjectionFact } from '../facts.js'
import { type Evidence, streamOf } from './evidence.js'
import { placeOf } from './records.js'

/** What a projection did with the events, by what it says itself: checkpoints, guards, letters and discards. */
export interface AppliedEvents {
  /** In the order of positions. */
  readonly applied: readonly EventFact[]
  readonly parked: ReadonlySet<string>
  readonly discarded: ReadonlySet<string>
  /** Not looked at yet. */
  readonly ahead: readonly EventFact[]
}

export function appliedEvents(evidence: Evidence, projection: ProjectionFact): AppliedEvents {
  const isPast = reachOf(projection)
  const parked = new Set(projection.letters.filter((letter) => standsForEvent(evidence, letter)).map(idOf))
  const discarded = new Set(projection.discards.filter((id) => evidence.eventById.has(id)))
  const applied: EventFact[] = []
  const ahead: EventFact[] = []
  for (const event of evidence.facts.events) {
    if (!isPast(event)) ahead.push(event)
    else if (!parked.has(event.eventId) && !discarded.has(event.eventId)) applied.push(event)
  }
  return { applied, parked, discarded, ahead }
}

const idOf = ({ eventId }: LetterFact): string => eventId ?? ''

/** Whether the projection has been at an event. */
function reachOf({ follows, guards, checkpoints }: ProjectionFact): (event: EventFact) => boolean {
  switch (follows) {
    case 'inline':
      return () => true
    case 'ordered': {
      const next = checkpoints.reduce(
        (least, { nextOffset }) => (BigInt(nextOffset) > least ? BigInt(nextOffset) : least),
        0n,
      )
      return ({ position }) => BigInt(position) < next
    }
    case 'stream': {
      const versions = new Map(guards.map(({ stream, version }) => [stream, version]))
      return (event) => event.version <= (versions.get(streamOf(event)) ?? 0)
    }
  }
}

/**
 * Whether the event itself is in the letter. A hostile record may name a committed event's id: such a letter holds that
 * record and not the event.
 */
export function standsForEvent(evidence: Evidence, letter: LetterFact): boolean {
  const { eventId } = letter
  if (eventId === null || !evidence.eventById.has(eventId)) return false
  const record = evidence.recordAt.get(placeOf(letter))
  if (record !== undefined) return evidence.kind(record) === 'event' && record.headers['ce_id'] === eventId
  return letter.sequenceKey !== null
}
