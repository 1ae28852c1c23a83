import { jsonEncoding } from '../../contracts/index.js'
import { counted } from '../../core/counted.js'
import type { Logger } from '../../core/ports/logger.js'
import type { Log, Topics } from '../../log/index.js'
import { ConfigurationError } from '../../core/errors/index.js'
import type { AppModel } from '../app-model.js'
import { requireBrokers } from '../consuming/require-brokers.js'
import { isConsumer } from '../consuming/is-consumer.js'
import { openKafka } from '../open-log.js'
import type { Settings } from '../settings.js'
import { unsafePolicies } from '../topic-policy.js'
import { declaredTopics } from '../topics.js'
import { type Check, examined, notChecked, ok, problem, reasonOf, warning, within } from './check.js'
import type { Reached } from './postgres/database-checks.js'
import { postgresTopics, recordedLogOf } from './postgres/log-in-store.js'

/** What was found out about the log. */
export interface LogFindings {
  readonly checks: readonly Check[]
  /** Where each partition ends, by `topic/partition`, as far as that could be asked. */
  readonly ends: ReadonlyMap<string, bigint>
  /** Whether there are brokers, and one of them answers. */
  readonly brokersAnswer: boolean
  /** Undefined where it gives no answer. */
  readonly topics: Topics | undefined
  /** Of the topics that the app publishes or consumes, as far as they are known. */
  readonly partitions: ReadonlyMap<string, number>
  close(): Promise<void>
}

/** Milliseconds. A client that finds no broker tries again a few times. */
const LOG_PATIENCE = 8_000

/** Whether the log is there, is the one that was recorded, and has the topics as they are declared. */
export async function checkLog(
  model: AppModel,
  settings: Settings,
  store: Reached | undefined,
  schema: string,
  logger: Logger,
): Promise<LogFindings> {
  const found = { ends: new Map<string, bigint>(), partitions: new Map<string, number>() }
  const silent = { ...found, brokersAnswer: false, topics: undefined, close: () => Promise.resolve() }
  const recorded = await recordedIn(store, schema, model)
  if (settings.log === 'postgres' && !isConsumer(model)) {
    const log = recordedCheck('postgres', recorded)
    const unusable = 'they are in the database of the store, which cannot be used'
    if (store === undefined) return { ...silent, checks: [log, notChecked('topics', unusable)] }
    const topics = postgresTopics(store.pool, schema)
    const checks = await examined('topics', () => topicChecks(model, topics, found))
    return { ...silent, checks: [log, ...checks], topics }
  }
  const where = settings.kafka?.brokers.join(', ') ?? 'nowhere'
  let log: Log | undefined
  try {
    if (isConsumer(model)) requireBrokers(settings)
    const encoding = jsonEncoding({ service: model.name, storeId: '' })
    log = await within(openKafka(settings, encoding, logger), LOG_PATIENCE)
  } catch (error) {
    return { ...silent, checks: [unreachable(error, where), notChecked('topics', 'no broker answers')] }
  }
  const { identity, topics } = log
  const checks = [
    ok('Kafka', `a broker of ${where} answers (${identity})`),
    recordedCheck(identity, recorded),
  ]
  checks.push(...(await examined('topics', () => topicChecks(model, topics, found))))
  const opened = log
  const close = (): Promise<void> => within(opened.close()).catch(() => undefined)
  return { ...found, checks, brokersAnswer: true, topics, close }
}

function unreachable(error: unknown, brokers: string): Check {
  if (error instanceof ConfigurationError) return problem('Kafka', error.message, `correct ${error.setting}`)
  return problem(
    'Kafka',
    reasonOf(error),
    `start a broker of KAFKA_BROKERS (${brokers}), or correct that; what waits is published then`,
  )
}

/** The log that the store has recorded, if it has; a service that only consumes has no store to record it. */
async function recordedIn(
  store: Reached | undefined,
  schema: string,
  model: AppModel,
): Promise<string | undefined | typeof UNASKED> {
  if (store === undefined) return isConsumer(model) ? undefined : UNASKED
  return within(recordedLogOf(store.pool, schema)).catch(() => UNASKED)
}

const UNASKED = Symbol('the store gave no answer')

function recordedCheck(identity: string, recorded: string | undefined | typeof UNASKED): Check {
  if (recorded === UNASKED)
    return notChecked('log', `${identity}; which one is recorded is in the store, which gives no answer`)
  if (recorded === undefined) return ok('log', `${identity}; none is recorded`)
  return recorded === identity
    ? ok('log', `${identity}, as recorded`)
    : problem(
        'log',
        `the settings lead to ${identity}, but the store has published into ${recorded}`,
        'set REPRISE_LOG and KAFKA_BROKERS to the recorded log',
      )
}

async function topicChecks(
  model: AppModel,
  topics: Topics,
  { ends, partitions }: { readonly ends: Map<string, bigint>; readonly partitions: Map<string, number> },
): Promise<readonly Check[]> {
  const declared = declaredTopics(model)
  const consumed = new Map(model.contracts.map(({ topic }): [string, undefined] => [topic, undefined]))
  const wanted = new Map<string, number | undefined>([...consumed, ...declared])
  const found = await topics.describe([...wanted.keys()])
  const checks: Check[] = []
  for (const [name, wants] of wanted) {
    const topic = found.get(name)
    const count = wants ?? topic?.partitions
    if (count !== undefined) partitions.set(name, count)
    if (topic === undefined) {
      checks.push(missing(name, isConsumer(model)))
      continue
    }
    for (const { partition, end } of await topics.offsets(name)) ends.set(`${name}/${partition}`, end)
    checks.push(countCheck(name, wants ?? topic.partitions, topic.partitions))
  }
  return [...checks, ...(await policyChecks(topics, [...declared.keys()]))]
}

function missing(name: string, isForeign: boolean): Check {
  return problem(
    `topic ${name}`,
    'does not exist',
    isForeign
      ? 'start its producer, which creates it'
      : 'start the app with REPRISE_PROVISION=true, which creates it',
  )
}

function countCheck(name: string, declared: number, found: number): Check {
  return declared === found
    ? ok(`topic ${name}`, counted(found, 'partition'))
    : problem(
        `topic ${name}`,
        `has ${counted(found, 'partition')}, and ${counted(declared, 'is', 'are')} declared`,
        `declare topic: { partitions: ${found} }: with another number keys would change their place`,
      )
}

async function policyChecks(topics: Topics, names: readonly string[]): Promise<readonly Check[]> {
  const settings = await topics.settings(names)
  return settings.flatMap((topic) =>
    unsafePolicies(topic).map(({ setting, refused, problem: fact, remedy }) =>
      (refused ? problem : warning)(`topic ${topic.name} ${setting}`, fact, remedy),
    ),
  )
}
