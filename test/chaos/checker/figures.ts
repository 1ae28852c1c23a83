import type { TimelineFact } from '../facts.js'
import type { Evidence } from './evidence.js'

/** What happened in a run, in numbers. */
export interface Figures {
  readonly commands: { readonly ok: number; readonly failed: number; readonly unknown: number }
  readonly events: number
  readonly records: number
  /** Records of events beyond the first of each: what the guards had to hold back. */
  readonly duplicates: number
  readonly letters: number
  /** By kind, as the timeline has them. */
  readonly faults: Readonly<Record<string, number>>
  readonly deaths: number
  /** Slots of relays and lanes of projections that went to another owner. */
  readonly takeovers: { readonly slots: number; readonly lanes: number }
  readonly mostBacklog: number
  /** Milliseconds. */
  readonly oldestBacklog: number
  /** Milliseconds from healing until all was level; null where it never was. */
  readonly recovery: number | null
}

export function figuresOf(evidence: Evidence): Figures {
  const { facts, calls } = evidence
  const { events, samples, timeline, run } = facts
  const records = [...evidence.copies.values()].reduce((sum, copies) => sum + copies.length, 0)
  const answered = (phase: string): number => calls.filter(({ outcome }) => outcome?.phase === phase).length
  const [ok, failed] = [answered('ok'), answered('fail')]
  return {
    commands: { ok, failed, unknown: calls.length - ok - failed },
    events: events.length,
    records,
    duplicates: records - evidence.copies.size,
    letters: evidence.liveProjections.reduce((sum, { letters }) => sum + letters.length, 0),
    faults: faultsIn(timeline),
    deaths: timeline.filter((fact) => fact.event === 'process-exit').length,
    takeovers: takeoversIn(evidence),
    mostBacklog: Math.max(0, ...samples.map(({ outbox }) => outbox ?? 0)),
    oldestBacklog: Math.max(0, ...samples.map(({ oldestOutbox }) => oldestOutbox ?? 0)),
    recovery: run.levelAt === null ? null : run.levelAt - run.healedAt,
  }
}

function faultsIn(timeline: readonly TimelineFact[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {}
  for (const fact of timeline)
    if (fact.event === 'fault-begin') counts[fact.fault] = (counts[fact.fault] ?? 0) + 1
    else if (fact.event === 'planted-record') counts['planted-record'] = (counts['planted-record'] ?? 0) + 1
  return counts
}

/** Each takeover raises one epoch by one; the first taking of each is none. */
function takeoversIn({ facts: { samples } }: Evidence): Figures['takeovers'] {
  const slots = samples.flatMap(({ slotEpochs }) => (slotEpochs === null ? [] : [Number(slotEpochs)]))
  const lanes = samples.flatMap(({ checkpoints }) => (checkpoints === null ? [] : [sumOfEpochs(checkpoints)]))
  return { slots: grownIn(slots), lanes: grownIn(lanes) }
}

export const sumOfEpochs = (checkpoints: readonly { readonly epoch: string }[]): number =>
  checkpoints.reduce((sum, { epoch }) => sum + Number(epoch), 0)

const grownIn = (series: readonly number[]): number => {
  const begun = series.find((value) => value > 0) ?? 0
  return Math.max(0, (series.at(-1) ?? 0) - begun)
}
