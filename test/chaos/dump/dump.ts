import { readdirSync } from 'node:fs'
import type { EffectFact, HistoryEntry } from '../facts.js'
import type { Installed } from '../installed.js'
import { readLines } from '../workload/history-file.js'
import { APP } from '../workload/domain.js'
import type { Deed } from '../workload/outside.js'
import type { FactsFolder } from './facts-file.js'
import { kafkaClient, kafkaRecords, kafkaTopics } from './kafka-topics.js'
import { postgresRecords, postgresTopics } from './postgres-topics.js'
import { readingOf } from './reading.js'
import { eventsOf } from './store.js'

/** Everything that is stored at the end of a run, as facts in its folder. Answers how much of each there is. */
export async function dumpFacts(
  folder: FactsFolder,
  { store, read, schemas }: Installed,
  brokers: string | undefined,
): Promise<Readonly<Record<string, number>>> {
  const histories = historiesIn(folder)
  const calls = await folder.lines('history.ndjson', histories)
  const effects = await folder.lines('effects.ndjson', effectsIn(folder))
  const [events, postgresLog] = await store.inSnapshot(async (client) => [
    await folder.lines('events.ndjson', eventsOf(client, schemas.store)),
    brokers === undefined ? await dumpPostgresLog(folder, client, schemas.store) : 0,
  ])
  const records = brokers === undefined ? postgresLog : await dumpKafka(folder, brokers)
  await read.inSnapshot(async (client) => folder.json('reading.json', await readingOf(client, schemas.read)))
  return { entries: calls, events, records, effects }
}

async function dumpPostgresLog(
  folder: FactsFolder,
  client: Parameters<typeof postgresTopics>[0],
  store: string,
): Promise<number> {
  const topics = await postgresTopics(client, store)
  await folder.json('topics.json', topics)
  return folder.lines('records.ndjson', postgresRecords(client, store, APP, topics))
}

async function dumpKafka(folder: FactsFolder, brokers: string): Promise<number> {
  const kafka = kafkaClient(brokers)
  const topics = await kafkaTopics(kafka, APP)
  await folder.json('topics.json', topics)
  return folder.lines('records.ndjson', await kafkaRecords(kafka, topics))
}

function historiesIn(folder: FactsFolder): readonly HistoryEntry[] {
  return entriesIn<HistoryEntry>(folder, /^history-.*\.ndjson$/)
}

/** As the world outside takes them: what it is told under a key that it knows, it does not do again. */
function effectsIn(folder: FactsFolder): readonly EffectFact[] {
  const known = new Set<string>()
  return entriesIn<Deed>(folder, /^effects-.*\.ndjson$/).map((deed) => {
    const effective = !known.has(deed.idempotencyKey)
    known.add(deed.idempotencyKey)
    return { ...deed, effective }
  })
}

/** Of all processes, by time. */
function entriesIn<T extends { readonly at: number }>(folder: FactsFolder, files: RegExp): readonly T[] {
  return readdirSync(folder.path)
    .filter((name) => files.test(name))
    .flatMap((name) => readLines<T>(folder.file(name)))
    .sort((one, other) => one.at - other.at)
}
