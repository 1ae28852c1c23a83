import { RepriseError } from './errors/reprise-error.js'

/**
 * What is done about a failure.
 *
 * - `transient`: the same work, done again, can succeed: tried again after growing pauses, never parked
 * - `ahead`: a newer release wrote it: left to the processes that have that release, never parked
 * - `contract`: no try can succeed, since it cannot be read: parked at once
 * - `handler`: the code that was given it failed: tried a few times, then parked
 */
export const FAILURE_CLASSES = ['transient', 'ahead', 'contract', 'handler'] as const
export type FailureClass = (typeof FAILURE_CLASSES)[number]

/** By what a failure is known: `by` says where `key` is found. */
interface Rule {
  readonly by: 'SQLSTATE' | 'SQLSTATE class' | 'code' | 'message' | 'Kafka' | 'own code' | 'name'
  readonly key: string
  readonly class: FailureClass
  readonly reason: string
  /** Whether what passes can also be of the work's own making: then it is believed to pass only for a while. */
  readonly mayBeOwn?: true
}

const rule = (by: Rule['by'], key: string, failureClass: FailureClass, reason: string): Rule => ({
  by,
  key,
  class: failureClass,
  reason,
})

const passesOrIsOwn = (by: Rule['by'], key: string, reason: string): Rule => ({
  ...rule(by, key, 'transient', reason),
  mayBeOwn: true,
})

/** Every failure whose class is known. What is not in it is the handler's. */
export const FAILURES: readonly Rule[] = [
  rule('SQLSTATE', '40001', 'transient', 'serialization_failure: a rival was first'),
  rule('SQLSTATE', '40P01', 'transient', 'deadlock_detected: the rival went on'),
  rule('SQLSTATE', '55P03', 'transient', 'lock_not_available: its holder lets go'),
  passesOrIsOwn(
    'SQLSTATE',
    '57014',
    'query_canceled: a statement time-out, of a busy server or of a slow statement',
  ),
  rule('SQLSTATE', '57P01', 'transient', 'admin_shutdown: the server comes back'),
  rule('SQLSTATE', '57P02', 'transient', 'crash_shutdown: the server comes back'),
  rule('SQLSTATE', '57P03', 'transient', 'cannot_connect_now: the server is starting'),
  rule('SQLSTATE', '57P05', 'transient', 'idle_session_timeout: another session does'),
  rule(
    'SQLSTATE',
    '25006',
    'transient',
    'read_only_sql_transaction: a standby now, or its disk is nearly full',
  ),
  passesOrIsOwn(
    'SQLSTATE',
    '25P03',
    'idle_in_transaction_session_timeout: this process was paused, or a handler waits for something else',
  ),
  passesOrIsOwn(
    'SQLSTATE',
    '25P04',
    'transaction_timeout: of a busy server, or of a batch that takes too long',
  ),
  passesOrIsOwn('SQLSTATE', '53200', 'out_of_memory: of a busy server, or of what one statement takes'),
  passesOrIsOwn(
    'SQLSTATE',
    '53400',
    'configuration_limit_exceeded: of all sessions together, or of what one statement takes',
  ),
  rule('SQLSTATE class', '08', 'transient', 'connection exceptions: another connection does'),
  rule('SQLSTATE class', '53', 'transient', 'memory, disk or connections ran out, and may be freed'),
  rule(
    'SQLSTATE class',
    '58',
    'transient',
    'system errors: the disk or the server fails, and no event of it',
  ),

  rule('code', 'ECONNREFUSED', 'transient', 'nobody listens there yet'),
  rule('code', 'ECONNRESET', 'transient', 'the other end is gone'),
  rule('code', 'EPIPE', 'transient', 'the other end is gone'),
  rule('code', 'ETIMEDOUT', 'transient', 'no answer in time'),
  rule('code', 'EHOSTUNREACH', 'transient', 'no way there for now'),
  rule('code', 'ENETUNREACH', 'transient', 'no way there for now'),
  rule('code', 'ENOTFOUND', 'transient', 'the name does not resolve for now'),
  rule('code', 'EAI_AGAIN', 'transient', 'the name does not resolve for now'),

  // What the driver of the database says in plain errors, word for word.
  rule('message', 'Connection terminated', 'transient', 'the connection is lost'),
  rule('message', 'Connection terminated unexpectedly', 'transient', 'the connection is lost'),
  rule('message', 'Connection terminated due to connection timeout', 'transient', 'no connection in time'),
  rule(
    'message',
    'Client has encountered a connection error and is not queryable',
    'transient',
    'the connection is lost',
  ),
  rule('message', 'Client was closed and is not queryable', 'transient', 'the connection is lost'),
  rule('message', 'Query read timeout', 'transient', 'no answer in time'),
  rule('message', 'timeout expired', 'transient', 'no connection in time'),
  rule('message', 'timeout exceeded when trying to connect', 'transient', 'no connection in time'),

  rule('Kafka', 'LEADER_NOT_AVAILABLE', 'transient', 'a leader is being elected'),
  rule('Kafka', 'NOT_LEADER_FOR_PARTITION', 'transient', 'another broker leads by now'),
  rule('Kafka', 'REQUEST_TIMED_OUT', 'transient', 'no answer in time'),
  rule('Kafka', 'BROKER_NOT_AVAILABLE', 'transient', 'the broker comes back'),
  rule('Kafka', 'REPLICA_NOT_AVAILABLE', 'transient', 'the replica comes back'),
  rule('Kafka', 'NETWORK_EXCEPTION', 'transient', 'the broker is out of reach'),
  rule('Kafka', 'COORDINATOR_LOAD_IN_PROGRESS', 'transient', 'the coordinator is starting'),
  rule('Kafka', 'GROUP_COORDINATOR_NOT_AVAILABLE', 'transient', 'the coordinator is starting'),
  rule('Kafka', 'NOT_COORDINATOR_FOR_GROUP', 'transient', 'another broker coordinates by now'),
  rule('Kafka', 'NOT_ENOUGH_REPLICAS', 'transient', 'replicas come back'),
  rule('Kafka', 'NOT_ENOUGH_REPLICAS_AFTER_APPEND', 'transient', 'replicas come back'),
  rule('Kafka', 'REBALANCE_IN_PROGRESS', 'transient', 'the group is distributing its partitions'),
  rule('Kafka', 'UNKNOWN_MEMBER_ID', 'transient', 'the group went on without this member, which joins again'),
  rule(
    'Kafka',
    'ILLEGAL_GENERATION',
    'transient',
    'the group went on without this member, which joins again',
  ),

  rule('own code', 'REPRISE_LOG_UNAVAILABLE', 'transient', 'the log comes back'),
  rule('own code', 'REPRISE_DATABASE_UNREACHABLE', 'transient', 'the database comes back'),
  rule(
    'own code',
    'REPRISE_EVENT_NOT_READABLE',
    'contract',
    'the same bytes and the same build say the same',
  ),
  rule('name', 'RecordRefused', 'contract', 'the same bytes and the same build say the same'),
  rule('name', 'VersionsMissing', 'contract', 'it claims a version that cannot come next'),
  rule('name', 'EventOfNewerRelease', 'ahead', 'the schema store knows what this build does not'),
]

const classes = new Map(FAILURES.map((it) => [`${it.by} ${it.key}`, it.class]))

const classBy = (by: Rule['by'], key: unknown): FailureClass | undefined =>
  typeof key === 'string' ? classes.get(`${by} ${key}`) : undefined

/** The class of what a database answered, by its SQLSTATE. */
export function classOfSqlState(state: string): FailureClass {
  return classBy('SQLSTATE', state) ?? classBy('SQLSTATE class', state.slice(0, 2)) ?? 'handler'
}

const possiblyOwn = new Set(FAILURES.flatMap(({ by, key, mayBeOwn }) => (mayBeOwn ? [`${by} ${key}`] : [])))

/**
 * Whether a failure that is known to be transient can also be of the work's own making, and come again for ever. Looked for
 * in its causes, too: handlers say in their own words what the database answered.
 */
export function mayBeOwn(transient: unknown): boolean {
  const seen = new Set<unknown>()
  for (let error = transient; error instanceof Error && !seen.has(error); error = error.cause) {
    seen.add(error)
    if ('code' in error && possiblyOwn.has(`SQLSTATE ${String(error.code)}`)) return true
  }
  return false
}

/**
 * Whether the driver of a database says that a connection was lost, could not be made in time, or is owed an answer. Only
 * for what the driver rejected with: the codes are Node's, and other code's sockets fail with the same ones.
 */
export function isLostConnection(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  const code = 'code' in error ? error.code : undefined
  const known = typeof code === 'string' ? classBy('code', code) : classBy('message', error.message)
  return known === 'transient'
}

/**
 * The class of a failure of the framework's own work, never of what a handler threw: that is the handler's, whatever it
 * says. `sqlState` is what the database answered, if it did.
 */
export function failureClassOf(error: unknown, sqlState?: string): FailureClass {
  if (sqlState !== undefined) return classOfSqlState(sqlState)
  if (RepriseError.is(error)) return classBy('own code', error.code) ?? 'handler'
  if (!(error instanceof Error)) return 'handler'
  if (isLostConnection(error)) return 'transient'
  const broker = 'type' in error ? classBy('Kafka', error.type) : undefined
  return broker ?? classBy('name', error.name) ?? 'handler'
}
