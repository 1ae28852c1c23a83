import type { EventFact, RecordFact, TimelineFact, TopicFact } from '../../facts.js'
import type { Chance } from './chance.js'

const PARTITIONS = 3

type PlantedRecord = Extract<TimelineFact, { event: 'planted-record' }>

/** Topics with every event in them, some batches sent again, and a few records that are no event's. */
export class SimulatedTopics {
  readonly records: RecordFact[] = []
  readonly planted: PlantedRecord[] = []
  readonly #ends = new Map<string, number>()

  constructor(events: readonly EventFact[], chance: Chance, log: 'postgres' | 'kafka') {
    let batch: EventFact[] = []
    for (const event of events) {
      this.#append(recordOf(event))
      batch.push(event)
      if (batch.length < 7) continue
      // The broker has the batch, and its answer was lost.
      if (log === 'kafka' && chance.happens(0.2)) batch.forEach((again) => this.#append(recordOf(again)))
      batch = []
    }
    this.#plant('three bytes', 'a1', { ce_id: 'nobody' }, 'AAEC', events)
    this.#plant('a tombstone', 'a2', {}, null, events)
  }

  get topics(): readonly TopicFact[] {
    return ['bank.account', 'bank.list', 'bank.account.DLT'].flatMap((topic) =>
      Array.from({ length: PARTITIONS }, (_, partition) => ({
        topic,
        partition,
        earliest: '0',
        end: String(this.#ends.get(`${topic}/${partition}`) ?? 0),
      })),
    )
  }

  /** As the dead-letter topic gets it. */
  publishLetter(record: RecordFact): void {
    const headers = { ...record.headers, 'kafka_dlt-original-topic': record.topic }
    this.#append({ ...record, topic: `${record.topic}.DLT`, headers })
  }

  #plant(
    name: string,
    key: string,
    headers: RecordFact['headers'],
    value: string | null,
    events: readonly EventFact[],
  ): void {
    const at = events.at(-1)?.recordedAt ?? 0
    const content = { topic: 'bank.account', key, headers, value }
    this.planted.push({ at, event: 'planted-record', name, ...content })
    this.#append({ ...content, partition: partitionOf(key), offset: '', timestamp: at })
  }

  #append(record: RecordFact): void {
    const lane = `${record.topic}/${record.partition}`
    const offset = this.#ends.get(lane) ?? 0
    this.#ends.set(lane, offset + 1)
    this.records.push({ ...record, offset: String(offset) })
  }
}

const partitionOf = (key: string): number => Number(key.replace(/\D/g, '')) % PARTITIONS

function recordOf(event: EventFact): RecordFact {
  return {
    topic: `bank.${event.streamType}`,
    partition: partitionOf(event.streamId),
    offset: '',
    key: event.streamId,
    headers: {
      ce_id: event.eventId,
      ce_type: event.type,
      ce_source: `/bank/${event.streamType}`,
      ce_subject: event.streamId,
      ce_sequence: String(event.version).padStart(19, '0'),
    },
    value: Buffer.from(event.payload).toString('base64'),
    timestamp: event.recordedAt,
  }
}
