import type { ProjectionFact } from '../../facts.js'
import { appliedEvents } from '../applied-events.js'
import { checkEffects, EFFECTS } from '../effects.js'
import { type Evidence, grouped } from '../evidence.js'
import { pathOf } from '../event-path.js'
import { FOLDS } from '../folds/index.js'
import { Findings, unknown } from '../verdict.js'
import type { Invariant } from './invariant.js'

export const once: Invariant = {
  id: 'I7',
  promise: 'each event is applied once by each projection, each effect done once per key',
  needs: ['events', 'reading', 'effects', 'records', 'samples', 'timeline'],
  check(evidence) {
    const findings = new Findings()
    let lines = 0
    for (const projection of evidence.liveProjections) {
      lines += checkLines(evidence, projection, findings)
      checkCounters(evidence, projection, findings)
    }
    const { done, repeated, missing } = checkEffects(evidence, findings)
    const counts = [
      ['lines', lines],
      ['effects', done],
      ['repeated effects', repeated],
      ['missing effects', missing],
    ] as const
    const absent = [...EFFECTS.keys()].filter(
      (name) => !evidence.liveProjections.some((it) => it.name === name),
    )
    if (absent.length > 0) return unknown(`no facts of ${absent.join(', ')}`, counts)
    return lines === 0
      ? unknown('no projection says line by line what it applied', counts)
      : findings.judgement(counts)
  },
}

function checkLines(evidence: Evidence, { name, tables }: ProjectionFact, findings: Findings): number {
  const lines = tables['statement_lines'] ?? []
  for (const [id, its] of grouped(lines, (line) => String(line['event_id']))) {
    if (its.length === 1) continue
    const event = evidence.eventById.get(id)
    findings.add(`${name} applied event ${id} ${its.length} times`, {
      at: event?.recordedAt,
      weight: its.length,
      path: () => (event === undefined ? [] : pathOf(evidence, event)),
    })
  }
  return lines.length
}

/** Tables without a line per event count their entries: more than there were events means that some came twice. */
function checkCounters(evidence: Evidence, projection: ProjectionFact, findings: Findings): void {
  const fold = FOLDS.get(projection.name)
  const rows = fold && projection.tables[fold.table]
  if (fold === undefined || rows === undefined) return
  const { applied } = appliedEvents(evidence, projection)
  for (const { what, event, weight, excess } of fold.mismatches(applied, rows))
    if (excess === true)
      findings.add(`${projection.name}: ${what}`, {
        at: event?.recordedAt,
        weight,
        path: () => (event === undefined ? [] : pathOf(evidence, event)),
      })
}
