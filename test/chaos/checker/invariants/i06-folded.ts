import type { ProjectionFact } from '../../facts.js'
import { appliedEvents, type AppliedEvents } from '../applied-events.js'
import { EFFECTS } from '../effects.js'
import { type Evidence, streamOf } from '../evidence.js'
import { pathOf } from '../event-path.js'
import { FOLDS, REQUIRED_PROJECTIONS } from '../folds/index.js'
import { Findings, unknown } from '../verdict.js'
import type { Invariant } from './invariant.js'

export const folded: Invariant = {
  id: 'I6',
  promise: 'a read model is the fold of what it applied, in order, and nothing overtakes a parked event',
  needs: ['events', 'reading', 'records', 'timeline'],
  check(evidence) {
    const findings = new Findings()
    const projections = evidence.liveProjections
    const absent = REQUIRED_PROJECTIONS.filter((name) => !projections.some((it) => it.name === name))
    const strange = projections
      .filter(({ name }) => !FOLDS.has(name) && !EFFECTS.has(name))
      .map(({ name }) => name)
    let applied = 0
    let rows = 0
    for (const projection of projections) {
      const fold = FOLDS.get(projection.name)
      if (fold === undefined) continue
      const its = appliedEvents(evidence, projection)
      const table = projection.tables[fold.table]
      if (table === undefined) absent.push(`${projection.name}.${fold.table}`)
      applied += its.applied.length
      rows += table?.length ?? 0
      for (const { what, event, weight } of fold.mismatches(its.applied, table ?? []))
        findings.add(`${projection.name}: ${what}`, {
          at: event?.recordedAt,
          weight,
          path: () => (event === undefined ? [] : pathOf(evidence, event)),
        })
      if (KEPT_BY_STREAM.has(projection.name)) checkNothingOvertook(evidence, projection, its, findings)
    }
    const counts = [
      ['projections', projections.length],
      ['events applied', applied],
      ['rows', rows],
    ] as const
    if (absent.length > 0) return unknown(`no facts of ${absent.join(', ')}`, counts)
    if (strange.length > 0) return unknown(`no fold is known for ${strange.join(', ')}`, counts)
    return findings.judgement(counts)
  },
}

/** In the others events wait by another key, and the letters of that key say nothing of the rest of the stream. */
const KEPT_BY_STREAM: ReadonlySet<string> = new Set(['balances', 'statements', 'lists'])

function checkNothingOvertook(
  evidence: Evidence,
  projection: ProjectionFact,
  { applied, parked }: AppliedEvents,
  findings: Findings,
): void {
  const firstParked = new Map<string, number>()
  for (const id of parked) {
    const event = evidence.eventById.get(id)
    if (event === undefined) continue
    firstParked.set(streamOf(event), Math.min(firstParked.get(streamOf(event)) ?? Infinity, event.version))
  }
  if (firstParked.size === 0) return
  for (const event of applied) {
    const before = firstParked.get(streamOf(event))
    if (before !== undefined && event.version > before)
      findings.add(
        `${projection.name}: version ${event.version} of ${streamOf(event)} was applied while version ${before} waits in a letter`,
        { at: event.recordedAt, weight: event.version - before, path: () => pathOf(evidence, event) },
      )
  }
}
