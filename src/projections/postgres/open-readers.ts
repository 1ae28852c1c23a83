import { CompiledQuery, type Kysely } from 'kysely'
import type { OpenReader, SnapshotMark } from '../generation.js'

/** The time of the database, as its snapshots tell it. */
export async function markNow(db: Kysely<unknown>): Promise<SnapshotMark> {
  const { rows } = await db.executeQuery<SnapshotMark>(CompiledQuery.raw(MARK, []))
  const [mark] = rows
  if (mark === undefined) throw new Error('the database gave no transaction id')
  return mark
}

/** Sessions of this database whose snapshot was, or could have been, taken before the mark. */
export async function snapshotsBefore(
  db: Kysely<unknown>,
  { xid, at }: SnapshotMark,
): Promise<readonly OpenReader[]> {
  const { rows } = await db.executeQuery<ReaderRow>(CompiledQuery.raw(SNAPSHOTS_BEFORE, [xid, at]))
  return rows.map(readerOf)
}

/** Sessions that hold a lock on one of the views, and so have it open in their transaction. */
export async function readersOf(
  db: Kysely<unknown>,
  schema: string,
  views: readonly string[],
): Promise<readonly OpenReader[]> {
  const { rows } = await db.executeQuery<ReaderRow>(CompiledQuery.raw(READERS_OF, [schema, views]))
  return rows.map(readerOf)
}

interface ReaderRow extends Omit<OpenReader, 'age'> {
  readonly age: number | null
}

const readerOf = ({ age, ...reader }: ReaderRow): OpenReader => ({ ...reader, age: age ?? undefined })

/** The id is assigned now: whatever committed before has a lower one, or is no longer running in a later snapshot. */
const MARK = `SELECT pg_current_xact_id()::text AS xid, clock_timestamp()::text AS at`

const READER = `a.pid, coalesce(a.application_name, '') AS application, coalesce(a.usename::text, '') AS "user",
       extract(epoch FROM clock_timestamp() - a.xact_start)::double precision AS age`

/**
 * $1 transaction id and $2 time of the mark. A snapshot taken before it holds back an id up to the mark's, in a
 * transaction that began earlier. Each alone is not enough: an old idle writer holds ids back in everybody's new
 * snapshots, and a transaction that began long ago may take its snapshots per statement. Only sessions of this
 * database can read these views.
 *
 * Of other users' sessions a role without pg_read_all_stats sees neither kind nor begin: these count.
 */
const SNAPSHOTS_BEFORE = `
SELECT ${READER}
FROM pg_stat_activity a
WHERE a.datname = current_database() AND a.pid <> pg_backend_pid()
  AND (a.backend_type = 'client backend' OR (a.backend_type IS NULL AND a.usename IS NOT NULL))
  AND a.backend_xmin IS NOT NULL
  AND age(a.backend_xmin) > age($1::text::xid8::xid)
  AND (a.xact_start IS NULL OR a.xact_start <= $2::timestamptz)
ORDER BY a.xact_start`

/** $1 schema, $2 views. */
const READERS_OF = `
SELECT DISTINCT ${READER}
FROM pg_locks l
JOIN pg_stat_activity a ON a.pid = l.pid
JOIN pg_class c ON c.oid = l.relation
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = $1 AND c.relname = ANY($2) AND a.datname = current_database()
  AND l.granted AND l.pid <> pg_backend_pid()`
