import type {
  EffectFact,
  EventFact,
  HistoryEntry,
  ReadingFacts,
  RecordFact,
  RunFacts,
  SampleFact,
  TimelineFact,
  TopicFact,
} from '../facts.js'

export const FACT_FILES = {
  history: 'history.ndjson',
  events: 'events.ndjson',
  topics: 'topics.json',
  records: 'records.ndjson',
  reading: 'reading.json',
  samples: 'samples.ndjson',
  effects: 'effects.ndjson',
  timeline: 'timeline.ndjson',
} as const

export type FactName = keyof typeof FACT_FILES

/** All that a run left, as it was read. What could not be read is empty here, and named with the reason in `missing`. */
export interface Facts {
  readonly run: RunFacts
  readonly history: readonly HistoryEntry[]
  readonly events: readonly EventFact[]
  readonly topics: readonly TopicFact[]
  readonly records: readonly RecordFact[]
  readonly reading: ReadingFacts
  readonly samples: readonly SampleFact[]
  readonly effects: readonly EffectFact[]
  readonly timeline: readonly TimelineFact[]
  readonly missing: ReadonlyMap<FactName, string>
}
