import type { ProjectionFact } from '../../facts.js'
import { type Evidence, streamOf } from '../evidence.js'
import { pathOf } from '../event-path.js'
import { Findings, unknown } from '../verdict.js'
import { checkHealth } from './health-truth.js'
import type { Invariant } from './invariant.js'

export const recovered: Invariant = {
  id: 'I11',
  promise: 'after healing the backlog drains by itself in time, and health tells the truth',
  needs: ['events', 'records', 'topics', 'reading', 'samples', 'timeline'],
  check(evidence) {
    const { run, samples, topics } = evidence.facts
    const findings = new Findings()
    checkLevel(evidence, findings)
    for (const projection of evidence.liveProjections) checkReached(evidence, projection, findings)
    const { asked } = checkHealth(evidence, findings)
    const counts = [
      ...(run.levelAt === null ? [] : [['ms until level', run.levelAt - run.healedAt] as const]),
      ['ms allowed', run.recoveryLimit],
      ['answers about health', asked],
    ] as const
    if (samples.length === 0 || topics.length === 0)
      return unknown('no sample of the backlog was taken', counts)
    const judgement = findings.judgement(counts)
    return judgement.state === 'ok' && asked === 0
      ? unknown('no process was asked for its health', counts)
      : judgement
  },
}

function checkLevel({ facts: { run, samples } }: Evidence, findings: Findings): void {
  const { levelAt, healedAt, recoveryLimit } = run
  if (levelAt === null)
    findings.add('backlog and lag did not come down in time', { at: healedAt, weight: recoveryLimit })
  else if (levelAt - healedAt > recoveryLimit)
    findings.add(`backlog and lag took ${levelAt - healedAt} ms to come down`, {
      at: healedAt,
      weight: levelAt - healedAt,
    })
  const last = samples.findLast(({ outbox, lag }) => outbox !== null && lag !== null)
  const outbox = last?.outbox ?? 0
  if (outbox > 0) findings.add(`${outbox} rows are left in the outbox`, { at: last?.at, weight: outbox })
  for (const [name, lag] of Object.entries(last?.lag ?? {}))
    if (lag > 0) findings.add(`${name} is ${lag} events behind at the end`, { at: last?.at, weight: lag })
}

/** The end of the run: nothing is ahead of a projection, and none has stopped. */
function checkReached(evidence: Evidence, projection: ProjectionFact, findings: Findings): void {
  const { name, state, failure, follows, checkpoints } = projection
  if (state !== 'running') findings.add(`${name} is ${state}: ${failure ?? 'no reason given'}`)
  const ends = new Map(
    evidence.facts.topics.map(({ topic, partition, end }) => [`${topic}/${partition}`, end]),
  )
  for (const { topic, partition, nextOffset } of checkpoints) {
    const end = ends.get(`${topic}/${partition}`)
    if (end !== undefined && BigInt(nextOffset) < BigInt(end))
      findings.add(`${name} is at ${topic}/${partition}@${nextOffset}, short of its end ${end}`, {
        weight: Number(BigInt(end) - BigInt(nextOffset)),
      })
  }
  if (follows === 'stream') checkGuards(evidence, projection, findings)
}

function checkGuards(
  evidence: Evidence,
  { name, guards, checkpoints }: ProjectionFact,
  findings: Findings,
): void {
  const read = new Set(checkpoints.map(({ topic }) => topic))
  const versions = new Map(guards.map(({ stream, version }) => [stream, version]))
  for (const [stream, events] of evidence.streams) {
    const head = events.at(-1)
    if (head === undefined || !(evidence.copies.get(head.eventId) ?? []).some(({ topic }) => read.has(topic)))
      continue
    const behind = head.version - (versions.get(stream) ?? 0)
    if (behind !== 0)
      findings.add(
        `${name} has ${streamOf(head)} at version ${head.version - behind}, and its head is ${head.version}`,
        {
          at: head.recordedAt,
          weight: Math.abs(behind),
          path: () => pathOf(evidence, head),
        },
      )
  }
}
