import { pathOf } from '../event-path.js'
import { Findings, unknown } from '../verdict.js'
import type { Invariant } from './invariant.js'

export const published: Invariant = {
  id: 'I3',
  promise: 'every committed event is in its topic, and in the Postgres log exactly once',
  needs: ['events', 'records', 'topics', 'timeline'],
  check(evidence) {
    const { events, run } = evidence.facts
    const findings = new Findings()
    let records = 0
    for (const event of events) {
      const copies = evidence.copies.get(event.eventId)?.length ?? 0
      records += copies
      const details = { at: event.recordedAt, path: () => pathOf(evidence, event) }
      if (copies === 0) findings.add(`event ${event.eventId} is committed and in no topic`, details)
      // There the outbox and the log are in one database, and rows move from one to the other in one transaction.
      else if (copies > 1 && run.log === 'postgres')
        findings.add(`event ${event.eventId} is ${copies} times in the Postgres log`, details)
    }
    const missing = events.filter(({ eventId }) => !evidence.copies.has(eventId)).length
    const counts = [
      ['events', events.length],
      ['records', records],
      ['duplicates', records - (events.length - missing)],
      ['missing', missing],
    ] as const
    return events.length === 0 ? unknown('no event is stored', counts) : findings.judgement(counts)
  },
}
