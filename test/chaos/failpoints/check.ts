import pg from 'pg'
import { expect } from 'vitest'
import { kafkaClient, kafkaRecords, kafkaTopics } from '../dump/kafka-topics.js'
import { postgresRecords, postgresTopics } from '../dump/postgres-topics.js'
import { readingOf } from '../dump/reading.js'
import { eventsOf } from '../dump/store.js'
import type { EventFact, ReadingFacts, RecordFact } from '../facts.js'
import { fixedCalls, PARKED_ACCOUNT } from './bank.js'
import { SCHEMAS, type TrialServers } from './trial-options.js'

interface Facts {
  readonly events: readonly EventFact[]
  readonly records: readonly RecordFact[]
  readonly reading: ReadingFacts
}

/** Whether everything stored is published and applied. */
export async function isLevel(client: pg.Client): Promise<boolean> {
  const { rows } = await client.query<{ level: boolean }>(
    `SELECT (SELECT count(*) FROM ${SCHEMAS.store}.outbox) = 0
       AND (SELECT sum(version) FROM ${SCHEMAS.store}.streams) * 2 = (SELECT sum(version) FROM ${SCHEMAS.read}.guards) AS level`,
  )
  return rows[0]?.level === true
}

/** Every command stored once, every event published in order, every read model the fold of what is not parked. */
export async function expectCorrect(name: string, servers: TrialServers): Promise<void> {
  const { events, records, reading } = await factsOf(name, servers)
  expectStoredOnce(events)
  expectPublished(events, records, servers.brokers === undefined)
  expectProjected(events, reading)
}

async function factsOf(name: string, { databaseUrl, brokers }: TrialServers): Promise<Facts> {
  const client = new pg.Client({ connectionString: databaseUrl })
  await client.connect()
  try {
    const events = await all(eventsOf(client, SCHEMAS.store))
    const reading = await readingOf(client, SCHEMAS.read)
    const topic = `${name}.account`
    if (brokers === undefined) {
      const lanes = (await postgresTopics(client, SCHEMAS.store)).filter((it) => it.topic === topic)
      return { events, reading, records: await all(postgresRecords(client, SCHEMAS.store, name, lanes)) }
    }
    const kafka = kafkaClient(brokers.split(',')[0] ?? '')
    const lanes = (await kafkaTopics(kafka, name)).filter((it) => it.topic === topic)
    return { events, reading, records: await kafkaRecords(kafka, lanes) }
  } finally {
    await client.end()
  }
}

function expectStoredOnce(events: readonly EventFact[]): void {
  const stored = events.map(({ metadata }) => metadata.commandId).sort()
  const asked = fixedCalls().flatMap(({ commandId, commands }) => commands.map(() => commandId))
  expect(stored, 'events by command').toEqual(asked.sort())
  for (const [stream, own] of streamsOf(events))
    expect(
      own.map(({ version }) => version),
      `versions of ${stream}`,
    ).toEqual(own.map((_, index) => index + 1))
}

function expectPublished(
  events: readonly EventFact[],
  records: readonly RecordFact[],
  exactlyOnce: boolean,
): void {
  const published = new Map<string, RecordFact[]>()
  for (const record of records) {
    const id = record.headers['ce_id'] ?? ''
    published.set(id, [...(published.get(id) ?? []), record])
  }
  expect([...published.keys()].sort(), 'published').toEqual(events.map(({ eventId }) => eventId).sort())
  if (exactlyOnce) expect(records.length, 'records').toBe(events.length)
  for (const [stream, own] of streamsOf(events)) {
    const first = own.map(({ eventId }) => published.get(eventId)?.[0])
    expect(new Set(first.map((it) => it?.partition)).size, `partitions of ${stream}`).toBe(1)
    const offsets = first.map((it) => Number(it?.offset))
    expect(offsets, `first copies of ${stream}`).toEqual([...offsets].sort((one, other) => one - other))
  }
}

function expectProjected(events: readonly EventFact[], { projections }: ReadingFacts): void {
  const balances = projections.find(({ name }) => name === 'balances')?.tables['balances'] ?? []
  const folded = [...streamsOf(events)].map(([account_id, own]) => ({
    account_id,
    balance: String(own.reduce((sum, event) => sum + amountOf(event), 0n)),
    entries: String(own.length),
  }))
  expect(balances, 'balances').toEqual(
    folded.sort((one, other) => (one.account_id < other.account_id ? -1 : 1)),
  )

  const statements = projections.find(({ name }) => name === 'statements')
  const letters = (statements?.letters ?? []).map(({ stream, version }) => `${stream ?? ''}@${version ?? 0}`)
  const lines = statements?.tables['statement_lines'] ?? []
  for (const [account, own] of streamsOf(events)) {
    const marked = own.findIndex(({ type }) => type === 'NoteWritten')
    const taken = account === PARKED_ACCOUNT ? own.slice(0, marked) : own
    const shown = lines.filter(({ account_id }) => account_id === account)
    expect(
      shown.map(({ version }) => Number(version)),
      `lines of ${account}`,
    ).toEqual(taken.map(({ version }) => version))
  }
  const parked = events.filter(({ streamId }) => streamId === PARKED_ACCOUNT)
  const from = parked.findIndex(({ type }) => type === 'NoteWritten')
  expect(letters, 'letters').toEqual(
    parked.slice(from).map(({ version }) => `account-${PARKED_ACCOUNT}@${version}`),
  )
}

/** By version. */
function streamsOf(events: readonly EventFact[]): ReadonlyMap<string, readonly EventFact[]> {
  const streams = new Map<string, EventFact[]>()
  for (const event of events) streams.set(event.streamId, [...(streams.get(event.streamId) ?? []), event])
  streams.forEach((own) => own.sort((one, other) => one.version - other.version))
  return streams
}

function amountOf({ type, payload }: EventFact): bigint {
  const { grant = '0', amount = '0' } = JSON.parse(payload) as { grant?: string; amount?: string }
  if (type === 'AccountOpened') return BigInt(grant)
  return type === 'MoneyWithdrawn' ? -BigInt(amount) : BigInt(amount)
}

async function all<T>(items: AsyncIterable<T>): Promise<readonly T[]> {
  const list: T[] = []
  for await (const item of items) list.push(item)
  return list
}
