import type { Pool } from 'pg'
import { inTransaction } from '../../postgres/pool.js'
import type { OutgoingRecord } from '../log-record.js'
import type { LogPublisher } from '../log.js'
import { partitionOf } from '../partitioner.js'
import { EVENT_MISSING, RecordsRefused, type Refusal } from '../records-refused.js'
import { EventsMissing, type Placement, placeRecords } from './place-records.js'

/** What a publisher needs to know of its log. */
export interface PublishedLog {
  partitionCounts(topics: readonly string[]): Promise<ReadonlyMap<string, number>>
  announce(): void
}

/** Publishes outside of the relay, for instance to make a topic again from the store. */
export class PostgresPublisher implements LogPublisher {
  readonly #pool: Pool
  readonly #store: string
  readonly #log: PublishedLog
  #underWay: Promise<void> = Promise.resolve()

  constructor(pool: Pool, store: string, log: PublishedLog) {
    this.#pool = pool
    this.#store = store
    this.#log = log
  }

  publish(records: readonly OutgoingRecord[]): Promise<void> {
    const publishing = this.#place(records)
    this.#underWay = publishing.catch(() => undefined)
    return publishing
  }

  close(): Promise<void> {
    return this.#underWay
  }

  async #place(records: readonly OutgoingRecord[]): Promise<void> {
    const partitions = await this.#log.partitionCounts(records.map(({ topic }) => topic))
    const placements = records.map((record): Placement => {
      const { topic } = record
      const count = partitions.get(topic) ?? 1
      const place = { topic, partition: partitionOf(record.key, count), partitions: count }
      return 'event' in record ? { ...place, position: record.event.position } : { ...record, ...place }
    })
    try {
      await inTransaction(this.#pool, (client) => placeRecords(client, this.#store, placements))
    } catch (error) {
      if (!(error instanceof EventsMissing)) throw error
      throw new RecordsRefused(refusalsOf(error, placements, records), [])
    }
    this.#log.announce()
  }
}

function refusalsOf(
  { placements: missing }: EventsMissing,
  placements: readonly Placement[],
  records: readonly OutgoingRecord[],
): readonly Refusal[] {
  return records
    .filter((_, index) => missing.includes(placements[index] as Placement))
    .map((record) => ({ record, reason: EVENT_MISSING }))
}
