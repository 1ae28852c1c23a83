import type { EventFact, HistoryEntry, ProjectionFact, RecordFact } from '../facts.js'
import type { Facts } from './facts.js'
import { contentOf, isDeadLetterTopic, type RecordKind, kindOf, placeOf } from './records.js'

/** All entries of one call: its invoke and, unless its process died first, its outcome. */
export interface Call {
  readonly invoke: HistoryEntry
  readonly outcome: HistoryEntry | undefined
}

/** `account` and `7` make `account-7`, the name that receipts, guards and letters have. */
export const streamOf = ({ streamType, streamId }: Pick<EventFact, 'streamType' | 'streamId'>): string =>
  `${streamType}-${streamId}`

/** The facts of a run, put in order so that one can be found by another. */
export class Evidence {
  readonly facts: Facts
  readonly eventById: ReadonlyMap<string, EventFact>
  /** By version. */
  readonly streams: ReadonlyMap<string, readonly EventFact[]>
  readonly eventsByCommand: ReadonlyMap<string, readonly EventFact[]>
  /** In the order of time. */
  readonly calls: readonly Call[]
  readonly callsByCommand: ReadonlyMap<string, readonly Call[]>
  readonly recordAt: ReadonlyMap<string, RecordFact>
  /** The records that were published for an event, in the order of topic, partition and offset. */
  readonly copies: ReadonlyMap<string, readonly RecordFact[]>
  readonly #kinds = new Map<RecordFact, RecordKind>()

  constructor(facts: Facts) {
    this.facts = facts
    this.eventById = new Map(facts.events.map((event) => [event.eventId, event]))
    this.streams = sortedStreams(facts.events)
    this.eventsByCommand = grouped(facts.events, ({ metadata }) => metadata.commandId)
    this.calls = callsIn(facts.history)
    this.callsByCommand = grouped(this.calls, ({ invoke }) => invoke.commandId)
    this.recordAt = new Map(facts.records.map((record) => [placeOf(record), record]))
    const planted = plantedContents(facts)
    for (const record of facts.records) this.#kinds.set(record, kindOf(record, this.eventById, planted))
    this.copies = grouped(
      facts.records.filter((record) => this.kind(record) === 'event'),
      ({ headers }) => headers['ce_id'] ?? '',
    )
  }

  kind(record: RecordFact): RecordKind {
    return this.#kinds.get(record) ?? 'stranger'
  }

  /** Those that readers see now. */
  get liveProjections(): readonly ProjectionFact[] {
    return this.facts.reading.projections.filter(({ live }) => live)
  }

  /** Records of the topics of events, without dead letters. */
  get eventRecords(): readonly RecordFact[] {
    return this.facts.records.filter(({ topic }) => !isDeadLetterTopic(topic))
  }
}

export function grouped<T>(
  items: readonly T[],
  keyOf: (item: T) => string,
): ReadonlyMap<string, readonly T[]> {
  const groups = new Map<string, T[]>()
  for (const item of items) {
    const key = keyOf(item)
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [item])
    else group.push(item)
  }
  return groups
}

function sortedStreams(events: readonly EventFact[]): ReadonlyMap<string, readonly EventFact[]> {
  const streams = grouped(events, streamOf)
  return new Map([...streams].map(([name, its]) => [name, its.toSorted((a, b) => a.version - b.version)]))
}

function callsIn(history: readonly HistoryEntry[]): readonly Call[] {
  const idOf = ({ process, life, call }: HistoryEntry): string => `${process} ${life} ${call}`
  const outcomes = new Map(
    history.filter(({ phase }) => phase !== 'invoke').map((entry) => [idOf(entry), entry]),
  )
  return history
    .filter(({ phase }) => phase === 'invoke')
    .map((invoke) => ({ invoke, outcome: outcomes.get(idOf(invoke)) }))
}

const plantedContents = ({ timeline }: Facts): ReadonlySet<string> =>
  new Set(timeline.flatMap((fact) => (fact.event === 'planted-record' ? [contentOf(fact)] : [])))
