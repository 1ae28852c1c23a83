import type { RecordFact } from '../../facts.js'
import type { Evidence } from '../evidence.js'
import { pathOf } from '../event-path.js'
import { isDeadLetterTopic, placeOf } from '../records.js'
import { Findings, unknown } from '../verdict.js'
import type { Invariant } from './invariant.js'

export const onlyCommitted: Invariant = {
  id: 'I5',
  promise: 'nothing is in a topic that was not committed, byte for byte',
  needs: ['events', 'records', 'topics', 'timeline'],
  check(evidence) {
    const findings = new Findings()
    const counts = { event: 0, planted: 0, stranger: 0 }
    for (const record of evidence.eventRecords) {
      const kind = evidence.kind(record)
      counts[kind]++
      if (kind === 'stranger')
        findings.add(explained(evidence, record), {
          at: record.timestamp,
          path: () => stepsOf(evidence, record),
        })
    }
    const letters = evidence.facts.records.filter(({ topic }) => isDeadLetterTopic(topic))
    const known = letters.length === 0 ? new Set<string>() : knownContents(evidence)
    for (const letter of letters)
      if (!known.has(bytesOf(letter)))
        findings.add(`the dead letter at ${placeOf(letter)} holds what no topic and no event does`, {
          at: letter.timestamp,
          path: () => stepsOf(evidence, letter),
        })
    const said = [
      ['records of events', counts.event],
      ['planted by the harness', counts.planted],
      ['dead letters', letters.length],
    ] as const
    return counts.event === 0 ? unknown('no event is in a topic', said) : findings.judgement(said)
  },
}

function explained({ eventById }: Evidence, record: RecordFact): string {
  const id = record.headers['ce_id']
  if (id === undefined) return `the record at ${placeOf(record)} names no event`
  return eventById.has(id)
    ? `the record at ${placeOf(record)} is not what event ${id} says`
    : `the record at ${placeOf(record)} is of event ${id}, which is not in the store`
}

function stepsOf(evidence: Evidence, record: RecordFact): readonly string[] {
  const event = evidence.eventById.get(record.headers['ce_id'] ?? '')
  return [
    `record ${placeOf(record)} key ${JSON.stringify(record.key)} headers ${JSON.stringify(record.headers)}`,
    ...(event === undefined ? [] : pathOf(evidence, event)),
  ]
}

const bytesOf = ({ key, value }: Pick<RecordFact, 'key' | 'value'>): string => `${key}\0${value ?? 'null'}`

/** A letter is the record that was parked or, where no topic is read, the event as it would have been published. */
function knownContents({ eventRecords, facts }: Evidence): ReadonlySet<string> {
  return new Set([
    ...eventRecords.map(bytesOf),
    ...facts.events.map(({ streamId, payload }) =>
      bytesOf({ key: streamId, value: Buffer.from(payload).toString('base64') }),
    ),
  ])
}
