import type { CheckpointFact, LetterFact, ProjectionFact, RecordFact } from '../../facts.js'
import { appliedEvents, standsForEvent } from '../applied-events.js'
import { type Evidence, grouped, streamOf } from '../evidence.js'
import { pathOf } from '../event-path.js'
import { isDeadLetterTopic, placeOf, streamTypeIn } from '../records.js'
import { Findings, unknown } from '../verdict.js'
import type { Invariant } from './invariant.js'

export const accounted: Invariant = {
  id: 'I10',
  promise:
    'what was delivered was applied, parked with a reason, discarded or a known duplicate: nothing else',
  needs: ['events', 'records', 'topics', 'reading', 'timeline'],
  check(evidence) {
    const findings = new Findings()
    const counts = { delivered: 0, applied: 0, duplicates: 0, parked: 0, discarded: 0 }
    const letters = evidence.liveProjections.flatMap((projection) => projection.letters)
    for (const projection of evidence.liveProjections) {
      if (projection.follows === 'stream')
        for (const [fate, times] of countDelivered(evidence, projection, findings)) counts[fate] += times
      checkLetters(evidence, projection, findings)
    }
    checkPublished(evidence, letters, findings)
    const said = [
      ['delivered', counts.delivered],
      ['applied', counts.applied],
      ['duplicates', counts.duplicates],
      ['parked', counts.parked],
      ['discarded', counts.discarded],
      ['letters', letters.length],
    ] as const
    return counts.delivered === 0 ? unknown('nothing was delivered', said) : findings.judgement(said)
  },
}

type Fate = 'applied' | 'duplicates' | 'parked' | 'discarded'

/** Follows every record behind the checkpoints; each must have one of the fates. */
function countDelivered(
  evidence: Evidence,
  projection: ProjectionFact,
  findings: Findings,
): ReadonlyMap<'delivered' | Fate, number> {
  const counts = new Map<'delivered' | Fate, number>()
  const fateOf = fates(evidence, projection)
  const lanes = new Map(projection.checkpoints.map((lane) => [`${lane.topic}/${lane.partition}`, lane]))
  for (const record of evidence.eventRecords) {
    const lane = lanes.get(`${record.topic}/${record.partition}`)
    if (lane === undefined || BigInt(record.offset) >= BigInt(lane.nextOffset)) continue
    counts.set('delivered', (counts.get('delivered') ?? 0) + 1)
    const fate = fateOf(record)
    if (fate !== undefined) counts.set(fate, (counts.get(fate) ?? 0) + 1)
    else reportSkipped(evidence, projection, record, findings)
  }
  checkEnds(evidence, projection, findings)
  return counts
}

function fates(evidence: Evidence, projection: ProjectionFact): (record: RecordFact) => Fate | undefined {
  const guards = new Map(projection.guards.map(({ stream, version }) => [stream, version]))
  const lettered = new Set(projection.letters.map(placeOf))
  const discards = new Set(projection.discards)
  const { parked } = appliedEvents(evidence, projection)
  return (record) => {
    if (lettered.has(placeOf(record))) return 'parked'
    const id = record.headers['ce_id'] ?? ''
    if (discards.has(placeOf(record)) || discards.has(id)) return 'discarded'
    const isOfEvent = evidence.kind(record) === 'event'
    if (isOfEvent && parked.has(id)) return 'duplicates'
    // A foreign record that claims an applied version is taken for its duplicate, as it has to be.
    if (versionIn(record) > (guards.get(claimedStream(record)) ?? 0)) return undefined
    return isOfEvent && evidence.copies.get(id)?.[0] === record ? 'applied' : 'duplicates'
  }
}

const claimedStream = ({ headers }: RecordFact): string =>
  `${streamTypeIn(headers) ?? ''}-${headers['ce_subject'] ?? ''}`

/** Beyond all others where it says none. */
function versionIn({ headers }: RecordFact): number {
  const text = headers['ce_sequence'] ?? ''
  return /^\d{19}$/.test(text) && Number(text) > 0 ? Number(text) : Infinity
}

function reportSkipped(
  evidence: Evidence,
  { name }: ProjectionFact,
  record: RecordFact,
  findings: Findings,
): void {
  const event = evidence.eventById.get(record.headers['ce_id'] ?? '')
  findings.add(
    `${name} is past ${placeOf(record)} and neither applied nor parked it (${event === undefined ? 'no event' : `${streamOf(event)} version ${event.version}`})`,
    { at: record.timestamp, path: () => (event === undefined ? [] : pathOf(evidence, event)) },
  )
}

function checkEnds({ facts }: Evidence, { name, checkpoints }: ProjectionFact, findings: Findings): void {
  const ends = new Map(
    facts.topics.map(({ topic, partition, end }) => [`${topic}/${partition}`, BigInt(end)]),
  )
  for (const { topic, partition, nextOffset } of checkpoints) {
    const end = ends.get(`${topic}/${partition}`)
    if (end !== undefined && BigInt(nextOffset) > end)
      findings.add(`${name} is at ${topic}/${partition}@${nextOffset}, beyond its end ${end}`, {
        weight: Number(BigInt(nextOffset) - end),
      })
  }
}

/** Each letter says why, once; those that only wait have something to wait for. */
function checkLetters(
  evidence: Evidence,
  { name, letters, checkpoints }: ProjectionFact,
  findings: Findings,
): void {
  const add = (letter: LetterFact, what: string): void =>
    findings.add(`letter ${letter.id} of ${name} ${what}`, { path: () => stepsOf(evidence, letter) })
  for (const its of grouped(letters, placeOf).values())
    if (its[1] !== undefined) add(its[1], `is of a record that letter ${its[0]?.id ?? ''} holds as well`)
  const heads = new Set<string>()
  for (const letter of letters) {
    if (letter.errorClass !== 'waiting') {
      if (letter.errorMessage === null || letter.errorMessage === '') add(letter, 'gives no reason')
      if (letter.sequenceKey !== null) heads.add(letter.sequenceKey)
    } else if (letter.sequenceKey === null || !heads.has(letter.sequenceKey)) add(letter, 'waits for nothing')
    if (isAhead(letter, checkpoints)) add(letter, 'is of a record that the checkpoint has not passed')
  }
}

const isAhead = (
  { topic, partition, offset }: LetterFact,
  checkpoints: readonly CheckpointFact[],
): boolean => {
  const lane = checkpoints.find((it) => it.topic === topic && it.partition === partition)
  return lane !== undefined && BigInt(offset) >= BigInt(lane.nextOffset)
}

/** Letters are published, too: their bytes are in the dead-letter topic, where there is one. */
function checkPublished(evidence: Evidence, letters: readonly LetterFact[], findings: Findings): void {
  const topics = new Set(evidence.facts.topics.map(({ topic }) => topic).filter(isDeadLetterTopic))
  const published = new Set(
    evidence.facts.records
      .filter(({ topic }) => isDeadLetterTopic(topic))
      .map((it) => `${it.topic}\0${it.value ?? ''}`),
  )
  for (const letter of letters) {
    const topic = `${letter.topic}.DLT`
    if (topics.has(topic) && !published.has(`${topic}\0${letter.value ?? ''}`))
      findings.add(`letter ${letter.id} is not in ${topic}`, { path: () => stepsOf(evidence, letter) })
  }
}

function stepsOf(evidence: Evidence, letter: LetterFact): readonly string[] {
  const event = letter.eventId === null ? undefined : evidence.eventById.get(letter.eventId)
  const said = `letter ${letter.id} at ${placeOf(letter)}: ${letter.errorClass}, ${letter.errorMessage ?? 'no message'}`
  return event !== undefined && standsForEvent(evidence, letter) ? [said, ...pathOf(evidence, event)] : [said]
}
