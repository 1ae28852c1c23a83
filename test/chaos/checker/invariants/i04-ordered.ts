import type { EventFact, RecordFact } from '../../facts.js'
import type { Evidence } from '../evidence.js'
import { pathOf } from '../event-path.js'
import { placeOf } from '../records.js'
import { Findings, unknown } from '../verdict.js'
import type { Invariant } from './invariant.js'

export const ordered: Invariant = {
  id: 'I4',
  promise: "a stream's events are in one partition, their first copies in the order of versions",
  needs: ['events', 'records', 'topics', 'timeline'],
  check(evidence) {
    const findings = new Findings()
    let first = 0
    for (const [stream, events] of evidence.streams) {
      const homes = new Set(events.flatMap((event) => copiesOf(evidence, event).map(homeOf)))
      if (homes.size > 1)
        findings.add(`${stream} is in ${homes.size} partitions: ${[...homes].join(', ')}`, {
          at: events[0]?.recordedAt,
          weight: homes.size,
          path: () => (events[0] === undefined ? [] : pathOf(evidence, events[0])),
        })
      first += checkOrder(evidence, stream, events, findings)
    }
    const counts = [
      ['streams', evidence.streams.size],
      ['first copies', first],
    ] as const
    return first === 0 ? unknown('no event is in a topic', counts) : findings.judgement(counts)
  },
}

/** Answers how many of the events are in a topic. One that is in none is another invariant's. */
function checkOrder(
  evidence: Evidence,
  stream: string,
  events: readonly EventFact[],
  findings: Findings,
): number {
  let looked = 0
  let last: { event: EventFact; record: RecordFact } | undefined
  for (const event of events) {
    const record = firstOf(copiesOf(evidence, event))
    if (record === undefined) continue
    looked++
    const before = last
    if (before !== undefined && isBefore(record, before.record))
      findings.add(
        `${stream} version ${event.version} is first at ${placeOf(record)}, before version ${before.event.version} at ${placeOf(before.record)}`,
        {
          at: event.recordedAt,
          weight: Number(BigInt(before.record.offset) - BigInt(record.offset)),
          path: () => [...pathOf(evidence, before.event), ...pathOf(evidence, event)],
        },
      )
    else last = { event, record }
  }
  return looked
}

const copiesOf = ({ copies }: Evidence, { eventId }: EventFact): readonly RecordFact[] =>
  copies.get(eventId) ?? []

const homeOf = ({ topic, partition }: RecordFact): string => `${topic}/${partition}`

const firstOf = (copies: readonly RecordFact[]): RecordFact | undefined =>
  copies.reduce<RecordFact | undefined>(
    (first, copy) => (first && !isBefore(copy, first) ? first : copy),
    undefined,
  )

const isBefore = (one: RecordFact, other: RecordFact): boolean =>
  homeOf(one) === homeOf(other) && BigInt(one.offset) < BigInt(other.offset)
