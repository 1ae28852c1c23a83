import { quoted } from '../../postgres/schemas.js'

/** All relays of one side share its slots under this scope. */
export const OUTBOX_SCOPE = 'outbox'

/** Where one side has its outbox, and what its rows hold beside slot, topic and key. */
export interface OutboxTables {
  readonly schema: string
  /** Where the leases on slots are, and who shares them. */
  readonly leases: 'relay_slots' | 'leases'
  readonly members: 'relay_members' | 'lease_members'
  readonly content: readonly string[]
  /** What the names of its prepared statements begin with. */
  readonly statements: string
}

/** The store's: its rows point at events. */
export const storeTables = (schema: string): OutboxTables => ({
  schema,
  leases: 'relay_slots',
  members: 'relay_members',
  content: ['event_position'],
  statements: 'reprise',
})

/** The read side's: its rows carry what is to be published. */
export const readTables = (schema: string): OutboxTables => ({
  schema,
  leases: 'leases',
  members: 'lease_members',
  content: ['headers', 'value', 'recorded_at'],
  statements: 'reprise-read',
})

/** The columns that a row keeps wherever it is. */
export const outboxColumns = ({ content }: Pick<OutboxTables, 'content'>): string =>
  ['id', 'slot', 'topic', 'key', ...content].join(', ')

/** The SQL of an outbox. */
export const outboxStatements = ({ schema, leases, content }: OutboxTables) => {
  const s = quoted(schema)
  const columns = outboxColumns({ content })
  /** $1 owner, $2 slots, $3 their epochs. FOR SHARE keeps a slot from changing hands until the transaction is over. */
  const held = `
  SELECT l.item FROM ${s}.${leases} l
  JOIN unnest($2::integer[], $3::bigint[]) AS mine (slot, epoch) ON l.item = mine.slot AND l.epoch = mine.epoch
  WHERE l.scope = '${OUTBOX_SCOPE}' AND l.owner = $1::uuid AND l.expires_at > clock_timestamp()
  ORDER BY l.item
  FOR SHARE OF l`
  const claim = (but = '') => `
SELECT ${columns}, EXISTS (
  SELECT FROM ${s}.parked_outbox p WHERE p.topic = o.topic AND p.key = o.key
) AS waits
FROM ${s}.outbox o
WHERE slot = ANY($1::smallint[])${but}
ORDER BY id LIMIT $2`
  return {
    /** $1 slots, $2 limit. Walks the primary key: the table holds little more than what is asked for. */
    claim: claim(),

    /**
     * $1 slots, $2 limit, $3 topics that take nothing now. Walks past what has piled up for them: that is rare, and an index
     * for it would cost every append.
     */
    claimBeside: claim(' AND topic <> ALL($3::text[])'),

    /**
     * … $4 row ids. Answers how many of the slots are held under these epochs now, and how many rows were deleted. A row
     * that an earlier transaction is deleting is waited for, and then does not count.
     */
    settle: `
WITH held AS (${held}
), deleted AS (
  DELETE FROM ${s}.outbox o USING held WHERE o.id = ANY($4::bigint[]) AND o.slot = held.item
  RETURNING 1
)
SELECT (SELECT count(*) FROM held) AS held, (SELECT count(*) FROM deleted) AS deleted`,

    /** Answers a row per slot that is held under these epochs now. */
    held,

    /**
     * $1 ids of refused rows, $2 the reasons. They move with all rows of their topics and keys behind them. A statement of
     * its own after \`held\`, so that it sees what an operator who had the slot before has sent back.
     */
    parkRefused: `
WITH refused AS (
  SELECT o.id, o.topic, o.key, r.reason
  FROM unnest($1::bigint[], $2::text[]) AS r (id, reason) JOIN ${s}.outbox o USING (id)
), moved AS (
  DELETE FROM ${s}.outbox o USING (SELECT topic, key, min(id) AS first FROM refused GROUP BY topic, key) r
  WHERE o.topic = r.topic AND o.key = r.key AND o.id >= r.first
  RETURNING ${columnsOf('o', columns)}
)
INSERT INTO ${s}.parked_outbox (${columns}, reason)
SELECT ${columnsOf('m', columns)}, r.reason FROM moved m LEFT JOIN refused r USING (id)
ORDER BY m.id`,

    /** $1 ids of rows that wait: each moves where a row of its topic and key is parked still. */
    parkWaiting: `
WITH moved AS (
  DELETE FROM ${s}.outbox o
  WHERE o.id = ANY($1::bigint[])
    AND EXISTS (SELECT FROM ${s}.parked_outbox p WHERE p.topic = o.topic AND p.key = o.key)
  RETURNING ${columnsOf('o', columns)}
)
INSERT INTO ${s}.parked_outbox (${columns}) SELECT ${columns} FROM moved ORDER BY id`,
  }
}

const columnsOf = (alias: string, columns: string): string =>
  columns
    .split(', ')
    .map((column) => `${alias}.${column}`)
    .join(', ')
