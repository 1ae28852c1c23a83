import { pathOf } from '../event-path.js'
import { Findings, unknown } from '../verdict.js'
import type { Invariant } from './invariant.js'

export const dense: Invariant = {
  id: 'I2',
  promise: 'versions count 1..n in each stream, in the order of positions, and no id is used twice',
  needs: ['events'],
  check(evidence) {
    const { events } = evidence.facts
    const findings = new Findings()
    for (const [stream, its] of evidence.streams) {
      its.forEach((event, index) => {
        const before = its[index - 1]
        if (event.version !== (before?.version ?? 0) + 1)
          findings.add(
            `${stream} has version ${event.version} after ${before === undefined ? 'nothing' : `version ${before.version}`}`,
            { at: event.recordedAt, path: () => pathOf(evidence, event) },
          )
        else if (before !== undefined && BigInt(event.position) <= BigInt(before.position))
          findings.add(
            `${stream} has version ${event.version} at a lower position than version ${before.version}`,
            {
              at: event.recordedAt,
              path: () => [...pathOf(evidence, before), ...pathOf(evidence, event)],
            },
          )
      })
    }
    const repeated = events.length - evidence.eventById.size
    if (repeated > 0) findings.add(`${repeated} event ids are used more than once`, { weight: repeated })
    const counts = [
      ['streams', evidence.streams.size],
      ['events', events.length],
    ] as const
    return events.length === 0 ? unknown('no event is stored', counts) : findings.judgement(counts)
  },
}
