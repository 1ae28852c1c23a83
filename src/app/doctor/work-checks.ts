import { readTables, storeTables } from '../../outbox/postgres/index.js'
import { schemasOf } from '../../postgres/schemas.js'
import type { AppModel } from '../app-model.js'
import { isConsumer } from '../consuming/is-consumer.js'
import type { Settings } from '../settings.js'
import { parksEvents } from '../topics.js'
import { type Check, examined, notChecked, reasonOf } from './check.js'
import { groupChecks } from './group-checks.js'
import { letterTopicChecks } from './letter-topic-checks.js'
import { checkLog, type LogFindings } from './log-checks.js'
import type { Reached } from './postgres/database-checks.js'
import { buildChecks } from './postgres/build-checks.js'
import { type ExaminedOutbox, outboxChecks, topicsInOutbox } from './postgres/outbox-checks.js'
import { readSideChecks } from './postgres/read-side-checks.js'
import { workLeft, type WorkPlaces } from './postgres/work-left.js'
import { QUIET } from './quiet.js'
import { stallChecks } from './stall-checks.js'

/** What the app does on its databases and its log. */
export async function checkWork(
  model: AppModel,
  settings: Settings,
  store: Reached | undefined,
  read: Reached | undefined,
): Promise<readonly Check[]> {
  const schemas = schemasOf(settings.schemaPrefix)
  const log = await checkLog(model, settings, store, schemas.store, QUIET)
  const ofStore = isConsumer(model) ? [] : await storeChecks(store, schemas.store)
  const feeds = read && (await readSideChecks(read, schemas.read, model, log))
  const ofRead = feeds === undefined ? [unusable('read side')] : feeds.checks
  const letters = read === undefined ? [] : await letterChecks(read, schemas.read, model, log)
  const builds = read === undefined ? [] : await buildChecks(read, schemas, model)
  const groups = log.brokersAnswer ? await groupChecks(model, settings, feeds?.fed ?? [], QUIET) : []
  const checks = [...log.checks, ...ofStore, ...ofRead, ...builds, ...letters, ...groups]
  const troubled = new Set(checks.filter(({ state }) => state === 'problem').map(({ check }) => check))
  const places = { store, read, schemas, model, ends: log.ends }
  const progress = await progressChecks(places, troubled)
  await log.close()
  return [...checks, ...progress]
}

/** Who publishes dead letters, and whether there is somewhere to publish them to. */
async function letterChecks(
  { pool }: Reached,
  read: string,
  model: AppModel,
  { topics, partitions }: LogFindings,
): Promise<readonly Check[]> {
  const ofOutbox = await outboxChecks(pool, lettersIn(read, model))
  if (topics === undefined || !parksEvents(model)) return ofOutbox
  const ofTopics = await examined('letter topics', async () =>
    letterTopicChecks(topics, partitions, await topicsInOutbox(pool, readTables(read))),
  )
  return [...ofOutbox, ...ofTopics]
}

/** Whether anything gets on of what can be seen. */
async function progressChecks(places: WorkPlaces, troubled: ReadonlySet<string>): Promise<readonly Check[]> {
  if (places.store === undefined && places.read === undefined)
    return [notChecked('progress', 'no database can be looked at')]
  const where = places.ends.size === 0 ? 'in the outboxes' : 'in outboxes and lanes'
  try {
    return await stallChecks(() => workLeft(places), troubled, where)
  } catch (error) {
    // What cannot be looked at has a check that says so.
    return [notChecked('progress', reasonOf(error))]
  }
}

const eventsIn = (store: string): ExaminedOutbox => ({
  tables: storeTables(store),
  relay: 'relay',
  outbox: 'outbox',
  refused: 'refused events',
  what: ['event', 'events'],
  role: 'relay',
})

/** Where there are no events of its own, those who feed projections publish the letters too. */
const lettersIn = (read: string, model: AppModel): ExaminedOutbox => ({
  tables: readTables(read),
  relay: 'letter relay',
  outbox: 'letter outbox',
  refused: 'refused letters',
  what: ['dead letter', 'dead letters'],
  role: isConsumer(model) ? 'projections' : 'relay',
})

async function storeChecks(reached: Reached | undefined, store: string): Promise<readonly Check[]> {
  return reached === undefined ? [unusable('store')] : outboxChecks(reached.pool, eventsIn(store))
}

const unusable = (side: string): Check =>
  notChecked(side, 'its database cannot be reached, or is not as this release needs it')
