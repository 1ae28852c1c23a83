import pg from 'pg'
import type { Chance } from '../chance.js'
import { kafkaClient } from '../dump/kafka-topics.js'
import { type HostileRecord, HOSTILE } from './hostile-records.js'
import { type Nemesis, nothingToHeal, type Surroundings } from './nemesis.js'

const TOPIC = 'chaos.account'

interface Place {
  readonly partition: number
  readonly offset: string
}

/** A foreign producer writes into a topic of ours. */
export const hostile: Nemesis = {
  name: 'hostile',
  strike: async (surroundings, chance) => {
    const names = chance.some(Object.keys(HOSTILE), 3)
    const records = names.map((name) => ({ name, ...recordOf(name, chance, surroundings) }))
    const planted = []
    for (const record of records) {
      // Noted before: the record may be in the topic though nobody said so.
      const noted = (place?: Place): number => note(surroundings, record, place)
      noted()
      const place = await put(surroundings, record, chance.between(0, 5)).catch(() => undefined)
      if (place !== undefined) planted.push(record.name)
      if (place !== undefined) noted(place)
    }
    if (planted.length === 0) return undefined
    return { target: TOPIC, detail: { records: planted }, lasts: 0, heal: nothingToHeal }
  },
}

function recordOf(name: string, chance: Chance, { storeId }: Surroundings): Omit<HostileRecord, 'name'> {
  const record = HOSTILE[name]?.(chance)
  if (record === undefined) throw new Error(`there is no hostile record ${name}`)
  // As if it came from this store: of another one's a topic must not hold any, which is a fault of another kind.
  const headers = 'ce_id' in record.headers ? { ...record.headers, 'reprise-store': storeId } : record.headers
  return { ...record, headers }
}

function note({ timeline }: Surroundings, record: HostileRecord, place: Place | undefined): number {
  const { name, key, headers, value } = record
  const shown = value?.toString('base64') ?? null
  return timeline.write({ event: 'planted-record', name, topic: TOPIC, key, headers, value: shown, ...place })
}

function put(surroundings: Surroundings, record: HostileRecord, partition: number): Promise<Place> {
  const { kafka } = surroundings
  return kafka === undefined
    ? putIntoPostgres(surroundings, record, partition)
    : putIntoKafka(kafka.direct, record, partition)
}

async function putIntoKafka(brokers: string, record: HostileRecord, partition: number): Promise<Place> {
  const producer = kafkaClient(brokers).producer({ allowAutoTopicCreation: false })
  try {
    await producer.connect()
    const { key, headers, value } = record
    const [at] = await producer.send({ topic: TOPIC, messages: [{ key, headers, value, partition }] })
    return { partition, offset: at?.baseOffset ?? '' }
  } finally {
    await producer.disconnect().catch(() => undefined)
  }
}

async function putIntoPostgres(
  { postgres, installed, storeDatabase }: Surroundings,
  { key, headers, value }: HostileRecord,
  partition: number,
): Promise<Place> {
  const client = new pg.Client({
    connectionString: postgres.around(storeDatabase),
    connectionTimeoutMillis: 2_000,
    application_name: 'chaos harness',
  })
  client.on('error', () => undefined)
  try {
    await client.connect()
    const { rows } = await client.query<{ offset: string }>(
      `WITH place AS (
         UPDATE ${installed.schemas.store}.topic_partitions p SET next_offset = next_offset + 1
         FROM ${installed.schemas.store}.topics t
         WHERE t.id = p.topic_id AND t.name = $1 AND p.partition = $2
         RETURNING p.topic_id, p.partition, p.next_offset - 1 AS record_offset)
       INSERT INTO ${installed.schemas.store}.topic_records
         (topic_id, partition, record_offset, record_key, headers, value, recorded_at)
       SELECT topic_id, partition, record_offset, $3, $4, $5, clock_timestamp() FROM place
       RETURNING record_offset::text AS "offset"`,
      [TOPIC, partition, key, JSON.stringify(headers), value],
    )
    return { partition, offset: rows[0]?.offset ?? '' }
  } finally {
    await client.end().catch(() => undefined)
  }
}
