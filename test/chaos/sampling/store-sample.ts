import type pg from 'pg'
import { rowsOf } from '../servers/databases.js'

/** What the store says of itself in one snapshot. */
export interface StoreSample {
  readonly total: string | null
  readonly stored: number
  readonly outbox: number
  readonly outboxParked: number
  readonly oldestOutbox: number | null
  readonly slotEpochs: string
  readonly connections: number
  /** Versions by stream name. */
  readonly heads: ReadonlyMap<string, number>
}

export interface StoreQuestion {
  readonly store: string
  readonly accounts: number
  /** Where the money is: an inline read model, or all the events, which takes longer. */
  readonly total: 'funds' | 'events' | 'none'
}

const AMOUNT = `CASE e.type WHEN 'MoneyWithdrawn' THEN -(e.payload->>'amount')::bigint
  WHEN 'MoneyDeposited' THEN (e.payload->>'amount')::bigint
  WHEN 'AccountOpened' THEN (e.payload->>'grant')::bigint ELSE 0 END`

export async function sampleStore(
  client: pg.Client,
  { store, accounts, total }: StoreQuestion,
): Promise<StoreSample> {
  const [row] = await rowsOf<Omit<StoreSample, 'total' | 'heads'>>(
    client,
    `SELECT (SELECT coalesce(sum(version), 0)::float8 FROM ${store}.streams) AS stored,
       (SELECT count(*)::int4 FROM ${store}.outbox) AS outbox,
       (SELECT count(*)::int4 FROM ${store}.parked_outbox) AS "outboxParked",
       (SELECT (extract(epoch FROM clock_timestamp() - min(e.recorded_at)) * 1000)::float8
        FROM ${store}.outbox o JOIN ${store}.events e ON e.position = o.event_position) AS "oldestOutbox",
       (SELECT coalesce(sum(epoch), 0)::text FROM ${store}.relay_slots) AS "slotEpochs",
       (SELECT count(*)::int4 FROM pg_stat_activity WHERE backend_type = 'client backend') AS connections`,
  )
  const streams = await rowsOf<{ name: string; type: string; version: number }>(
    client,
    `SELECT type || '-' || id AS name, type, version::int4 AS version FROM ${store}.streams`,
  )
  if (row === undefined) throw new Error('the store did not answer')
  const opened = streams.filter(({ type, version }) => type === 'account' && version > 0).length
  const asked = opened === accounts ? total : 'none'
  const heads = new Map(streams.map(({ name, version }) => [name, version]))
  return { ...row, heads, total: await totalOf(client, store, asked) }
}

async function totalOf(
  client: pg.Client,
  store: string,
  from: StoreQuestion['total'],
): Promise<string | null> {
  if (from === 'none') return null
  const statement =
    from === 'funds'
      ? 'SELECT sum(balance)::text AS total FROM chaos.funds'
      : `SELECT sum(${AMOUNT})::text AS total FROM ${store}.events e`
  const [row] = await rowsOf<{ total: string | null }>(client, statement)
  return row?.total ?? null
}

/** Money of events that the balances have not applied yet, and of those that are parked: only where both sides are in one database. */
export async function sampleInFlight(
  client: pg.Client,
  store: string,
  read: string,
): Promise<{ readonly inFlight: string; readonly parkedAmount: string }> {
  const [row] = await rowsOf<{ inFlight: string; parkedAmount: string }>(
    client,
    `SELECT (
       SELECT coalesce(sum(${AMOUNT}), 0)::text FROM ${store}.streams s
       JOIN ${read}.projections p ON p.name = 'balances'
       LEFT JOIN ${read}.guards g
         ON g.projection = p.name AND g.generation = p.live_generation AND g.stream = 'account-' || s.id
       JOIN ${store}.events e
         ON e.stream_type = s.type AND e.stream_id = s.id AND e.version > coalesce(g.version, 0)
       WHERE s.type = 'account') AS "inFlight", (
       SELECT coalesce(sum(${AMOUNT}), 0)::text FROM ${read}.parked_events l
       JOIN ${store}.events e ON e.stream_type = 'account' AND e.stream_id = substr(l.stream, 9) AND e.version = l.version
         AND e.event_id::text = l.event_id
       WHERE l.projection = 'balances' AND l.stream LIKE 'account-%') AS "parkedAmount"`,
  )
  if (row === undefined) throw new Error('the store did not answer')
  return row
}
