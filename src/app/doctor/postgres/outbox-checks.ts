import type { Pool } from 'pg'
import { SLOTS } from '../../../log/index.js'
import type { OutboxTables } from '../../../outbox/postgres/index.js'
import { quoted } from '../../../postgres/schemas.js'
import { lookAtOutbox, MOST_COUNTED, type OutboxLook } from '../../postgres/outbox-look.js'
import type { Role } from '../../roles.js'
import { type Check, examined, ok, problem, warning } from '../check.js'

/** The outbox of one side, and what its checks are called. */
export interface ExaminedOutbox {
  readonly tables: OutboxTables
  readonly relay: string
  readonly outbox: string
  readonly refused: string
  /** What is in it: one, and several. */
  readonly what: readonly [string, string]
  /** The role of the processes that publish it. */
  readonly role: Role
}

/** Seconds after which what is not published yet asks for an explanation. */
const OLD = 30

/** Who publishes, what is still to be published, and what the log refused. */
export function outboxChecks(pool: Pool, outbox: ExaminedOutbox): Promise<readonly Check[]> {
  return examined(outbox.outbox, async () => {
    const look = await lookAtOutbox(pool, outbox.tables)
    return [relayCheck(outbox, look), backlogCheck(outbox, look), refusedCheck(outbox, look)]
  })
}

/** Rows that are looked through for their topics. */
const LOOKED_THROUGH = 1_000

/** The topics that the first rows are to be published to. */
export async function topicsInOutbox(pool: Pool, { schema }: OutboxTables): Promise<ReadonlySet<string>> {
  const { rows } = await pool.query<{ topic: string }>(
    `SELECT DISTINCT topic FROM (SELECT topic FROM ${quoted(schema)}.outbox ORDER BY id LIMIT ${LOOKED_THROUGH}) o`,
  )
  return new Set(rows.map(({ topic }) => topic))
}

function relayCheck(
  { relay, what, role }: ExaminedOutbox,
  { relays, heldSlots, expiredSlots, silentRelays, unpublished }: OutboxLook,
): Check {
  const slots = `${heldSlots} of ${SLOTS} slots held${expiredSlots > 0n ? `, ${expiredSlots} free` : ''}`
  if (relays > 0n && (heldSlots > 0n || unpublished === 0n)) return ok(relay, `${relays} running, ${slots}`)
  if (relays === 0n && silentRelays === 0n && unpublished === 0n)
    return ok(
      relay,
      `no process is there that publishes ${what[1]}: none was started, or all were stopped; none waits`,
    )
  const silent = silentRelays === 0n ? '' : ', and the last one ended without giving its slots back'
  const fact = relays === 0n ? `no process publishes ${what[1]}${silent}` : `${relays} running, ${slots}`
  const remedy = `start a process with the role ${role} (REPRISE_ROLES); what waits is published then`
  return unpublished > 0n
    ? problem(
        relay,
        `${fact}, and ${counted(unpublished)} ${numbered(unpublished, ['waits', 'wait'])}`,
        remedy,
      )
    : warning(relay, `${fact}; none waits`, remedy)
}

function backlogCheck(
  { outbox, what, relay }: ExaminedOutbox,
  { unpublished, oldestAgeMs }: OutboxLook,
): Check {
  if (unpublished === 0n) return ok(outbox, `no ${what[1]} wait to be published`)
  const age = Math.round((oldestAgeMs ?? 0) / 1_000)
  const oldest = oldestAgeMs === null ? '' : `, the oldest for ${age} s`
  const waits = [`${what[0]} waits`, `${what[1]} wait`] as const
  const fact = `${counted(unpublished)} ${numbered(unpublished, waits)} to be published${oldest}`
  return age < OLD
    ? ok(outbox, fact)
    : problem(
        outbox,
        fact,
        `see the checks of the ${relay}, the log and its topics: it goes on by itself once all are there`,
      )
}

function refusedCheck({ refused, what }: ExaminedOutbox, { refused: rows, refusal }: OutboxLook): Check {
  const are = [`${what[0]} is`, `${what[1]} are`] as const
  return rows === 0n
    ? ok(refused, 'none')
    : problem(
        refused,
        `${counted(rows)} ${numbered(rows, are)} not published, because the log refused it or an earlier one of its key: ${refusal ?? 'no reason was recorded'}`,
        'remove the reason, then run reprise outbox retry',
      )
}

const numbered = (rows: bigint, [one, several]: readonly [string, string]): string =>
  rows === 1n ? one : several

const counted = (rows: bigint): string =>
  rows > MOST_COUNTED ? `more than ${MOST_COUNTED}` : rows.toString()
