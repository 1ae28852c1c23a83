import type { Pool, PoolClient } from 'pg'
import { beforeAll, describe, expect, it } from 'vitest'
import { PostgresEventStore } from '../../src/aggregates/postgres/event-store.js'
import { PostgresSnapshotStore } from '../../src/aggregates/postgres/snapshot-store.js'
import { PostgresEventsByPosition } from '../../src/outbox/postgres/index.js'
import { routingFor } from '../../src/outbox/routing.js'
import { account, release, requestFor, reserve } from '../support/append-requests.js'
import { relayOver } from '../support/relays.js'
import { schemas, useMigratedDatabase } from '../support/write-side.js'

interface PlanNode {
  readonly 'Node Type': string
  readonly 'Relation Name'?: string
  readonly Plans?: readonly PlanNode[]
}

const BIG = ['events', 'streams', 'command_results', 'outbox', 'reservations', 'snapshots', 'topic_records']
const STREAMS = 5_000
const EVENTS = 20

const numbers = (from: number, to: number): string =>
  `ARRAY[${Array.from({ length: to - from + 1 }, (_, index) => from + index).join(', ')}]`

/** Statements as they are prepared, with arguments that are typical of a running app. */
const typical: Readonly<Record<string, string>> = {
  'reprise-append': `'c', 'f', 'account', 's77', 20, 'bank.account', 's77', 3::smallint,
    ARRAY[gen_random_uuid()], ARRAY['T'], ARRAY[1], ARRAY['{}'::jsonb], ARRAY['{}'::jsonb], ARRAY[now()]`,
  'reprise-load': `'account', 's77', 3`,
  'reprise-heads-and-result': `ARRAY['account'], ARRAY['s77'], 'c77-3'`,
  'reprise-lock-heads': `ARRAY['account'], ARRAY['account', 'account'], ARRAY['s77', 's78']`,
  'reprise-forget-heads': `ARRAY['account'], ARRAY['s77']`,
  'reprise-append-group': `'c', 'f', NULL, ARRAY['account', 'account'], ARRAY['s77', 's78'], ARRAY[21, 21]::bigint[],
    ARRAY[false, false], ARRAY['bank.account', 'bank.account'], ARRAY['s77', 's78'], ARRAY[3, 4]::smallint[],
    ARRAY['account', 'account'], ARRAY['s77', 's78'], ARRAY[21, 21]::bigint[],
    ARRAY[gen_random_uuid(), gen_random_uuid()], ARRAY['T', 'T'], ARRAY[1, 1], ARRAY['{}', '{}']::jsonb[],
    ARRAY['{}', '{}']::jsonb[], ARRAY[now(), now()], ARRAY[]::text[], NULL`,
  'reprise-lock-values': `ARRAY['iban'], ARRAY['v77'], ARRAY['account'], ARRAY['s77']`,
  'reprise-holders': `ARRAY['iban'], ARRAY['v77']`,
  'reprise-hand-over-values': `ARRAY['iban'], ARRAY['v77'], ARRAY['account'], ARRAY['s77']`,
  'reprise-free-values': `ARRAY['iban'], ARRAY['v77']`,
  'reprise-snapshot': `'account', 's77', 1`,
  'reprise-save-snapshot': `'account', 's77', 20, 1, '{}'`,
  'reprise-claim': `${numbers(0, 31)}::smallint[], 1000`,
  'reprise-settle': `gen_random_uuid(), ARRAY[1, 2], ARRAY[1, 1]::bigint[], ${numbers(1, 1000)}::bigint[]`,
  'reprise-place': `ARRAY['bank.account', 'bank.account'], ARRAY[0, 1], ARRAY[5, 6]::bigint[], ARRAY[2, 2]`,
  'reprise-read-lane': `'bank.account', 1, 4000, 1000`,
  'reprise-offsets': `'bank.account'`,
  'reprise-events-at': `${numbers(1, 1000)}::bigint[]`,
}

describe.each([18, 15] as const)('hot statements on Postgres %i', (server) => {
  const database = useMigratedDatabase({ server })
  let pool: Pool

  beforeAll(async () => {
    pool = database.connect(1)
    await prepareAll(pool)
    await fill(database.pool)
  })

  it('are all prepared under the names that are looked at here', async () => {
    const { rows } = await pool.query<{ name: string }>(
      'SELECT name FROM pg_prepared_statements ORDER BY name',
    )

    expect(rows.map(({ name }) => name)).toEqual(Object.keys(typical).sort())
  })

  it.each(['force_generic_plan', 'force_custom_plan'])(
    'read big tables by an index with %s',
    async (mode) => {
      const scans: Record<string, readonly string[]> = {}
      const client = await pool.connect()
      try {
        await client.query(`SET plan_cache_mode = ${mode}`)
        for (const [name, values] of Object.entries(typical))
          scans[name] = await seqScans(client, name, values)
      } finally {
        client.release()
      }

      expect(scans).toEqual(Object.fromEntries(Object.keys(typical).map((name) => [name, []])))
    },
  )
})

/** Runs everything that is hot once, over a single connection. */
async function prepareAll(pool: Pool): Promise<void> {
  const store = new PostgresEventStore(pool, schemas.store, routingFor('bank'))
  const { log, outbox, leases, handover, owner, close } = relayOver(pool)
  await log.topics.create({ name: 'bank.account', partitions: 4 })
  await store.append([requestFor([{ id: 'first' }])])
  await store.append([requestFor([{ id: 'first' }])])
  await appendGroups(store)
  const snapshots = new PostgresSnapshotStore(pool, schemas.store)
  await snapshots.save({ stream: account('first'), version: 1, stateVersion: 1, state: {} })
  await snapshots.latest(account('first'), 1)
  const [stored] = await store.load(account('first'))
  await new PostgresEventsByPosition(pool, schemas.store).at([stored?.position ?? 0n])
  const { held: epochs } = await leases.renew()
  const rows = await outbox.claim([...epochs.keys()], 10)
  await handover.handOver(rows, { owner, epochs })
  await log.sample('bank.account')
  await leases.leave()
  await close()
}

/** Groups that lock, make and remove heads, and take, hand over and free a value. */
async function appendGroups(store: PostgresEventStore): Promise<void> {
  const groups = [
    requestFor([{ id: 'a', reserves: [reserve('iban', 'x')] }, { id: 'b' }], {
      guards: [{ stream: account('nobody'), expected: 'noStream' }],
    }),
    requestFor([
      { id: 'a', at: 1, reserves: [release('iban', 'x')] },
      { id: 'b', at: 1, reserves: [reserve('iban', 'x')] },
    ]),
    requestFor([{ id: 'b', at: 2, reserves: [release('iban', 'x')] }]),
  ]
  for (const group of groups) expect(await store.append([group])).toMatchObject([{ outcome: 'appended' }])
}

/** Many streams with events, results, work items and records. */
async function fill(pool: Pool): Promise<void> {
  const s = schemas.store
  const count = STREAMS * EVENTS
  await pool.query(`
    INSERT INTO ${s}.streams SELECT 'account', 's' || n, ${EVENTS} FROM generate_series(1, ${STREAMS}) n;
    INSERT INTO ${s}.events (stream_type, stream_id, version, event_id, type, schema_version, payload, metadata, occurred_at)
      SELECT 'account', 's' || n, v, gen_random_uuid(), 'MoneyDeposited', 1, '{"amount":"1"}', '{}', now()
      FROM generate_series(1, ${EVENTS}) v, generate_series(1, ${STREAMS}) n;
    INSERT INTO ${s}.command_results SELECT 'c' || n || '-' || v, 'f', 'account', 's' || n, v
      FROM generate_series(1, ${EVENTS}) v, generate_series(1, ${STREAMS}) n;
    INSERT INTO ${s}.outbox (slot, topic, key, event_position)
      SELECT n % 64, 'bank.account', 's' || (n % ${STREAMS}), n FROM generate_series(1, ${count}) n;
    INSERT INTO ${s}.topic_records SELECT t.id, p, n, 1 + n * 4 + p
      FROM ${s}.topics t, generate_series(0, 3) p, generate_series(100, ${count / 4}) n;
    INSERT INTO ${s}.reservations SELECT 'iban', 'v' || n, 'account', 's' || n FROM generate_series(1, ${STREAMS}) n;
    INSERT INTO ${s}.snapshots SELECT 'account', 's' || n, ${EVENTS}, 1, '{}' FROM generate_series(1, ${STREAMS}) n;
    ANALYZE ${BIG.map((table) => `${s}.${table}`).join(', ')}`)
}

async function seqScans(client: PoolClient, name: string, values: string): Promise<readonly string[]> {
  const { rows } = await client.query<{ 'QUERY PLAN': readonly [{ readonly Plan: PlanNode }] }>(
    `EXPLAIN (FORMAT JSON) EXECUTE "${name}" (${values})`,
  )
  const nodes = (node: PlanNode): readonly PlanNode[] => [node, ...(node.Plans ?? []).flatMap(nodes)]
  return rows
    .flatMap((row) => nodes(row['QUERY PLAN'][0].Plan))
    .filter((node) => node['Node Type'].endsWith('Seq Scan') && BIG.includes(node['Relation Name'] ?? ''))
    .map((node) => node['Relation Name'] ?? '')
}
