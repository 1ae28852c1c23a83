import type { Pool } from 'pg'
import { quoted } from './schemas.js'

/** Where leases are kept: tables of one shape, `relay_slots` for the relay and `leases` for the lanes of the Postgres log. */
export interface LeaseTables {
  readonly schema: string
  readonly leases: 'relay_slots' | 'leases'
  readonly members: 'relay_members' | 'lease_members'
}

export interface LeaseSetOptions {
  readonly pool: Pool
  readonly tables: LeaseTables
  /** What is being shared, for instance one topic within one group. */
  readonly scope: string
  /** Items are numbered from 0. */
  readonly items: number
  /** A uuid that no other member has. */
  readonly member: string
  /** Milliseconds after which a member that says nothing loses its items. */
  readonly ttl: number
}

/** Items and the epochs under which this member holds them. */
export type Held = ReadonlyMap<number, bigint>

export interface Renewal {
  readonly held: Held
  /**
   * Milliseconds after which to renew again: a third of the time-to-live, or less where another member that has fallen
   * silent loses its items before that.
   */
  readonly renewIn: number
}

/** By so much a renewal comes after the expiry that it waits for: the rows of one member expire one after the other. */
const AFTER_EXPIRY = 20

/**
 * Items shared fairly among living members, each with one owner at a time, by the database's clock.
 *
 * An item that changes hands gets a higher epoch; renewing keeps it. Whatever an owner writes must check owner, epoch
 * and expiry in the same statement: holding a lease in memory proves nothing, since a paused process still believes it.
 */
export class LeaseSet {
  readonly #options: LeaseSetOptions
  readonly #sql: ReturnType<typeof statements>

  constructor(options: LeaseSetOptions) {
    this.#options = options
    this.#sql = statements(options.tables)
  }

  /**
   * Says this member is alive, extends what it holds, gives back what exceeds its fair share, and takes free or expired
   * items up to it. Answers what it holds afterwards, and when to call it again.
   */
  async renew(): Promise<Renewal> {
    const { pool, scope, items, member, ttl } = this.#options
    const { rows: seen } = await pool.query<{ members: bigint; expiry: number }>(this.#sql.announce, [
      scope,
      member,
      ttl,
    ])
    const [{ members, expiry } = { members: 1n, expiry: ttl }] = seen
    const share = Math.ceil(items / Number(members))
    const { rows } = await pool.query<{ item: number; epoch: bigint }>(this.#sql.renew, [
      scope,
      member,
      ttl,
      share,
      items,
    ])
    return {
      held: new Map(rows.map(({ item, epoch }) => [item, epoch])),
      renewIn: Math.min(ttl / 3, Math.max(0, expiry) + AFTER_EXPIRY),
    }
  }

  /** Gives up one item at once, so that another member need not wait for the expiry. */
  async release(item: number): Promise<void> {
    const { pool, scope, member } = this.#options
    await pool.query(this.#sql.release, [scope, member, [item]])
  }

  /** Gives up everything and leaves. */
  async leave(): Promise<void> {
    const { pool, scope, member, items } = this.#options
    await pool.query(this.#sql.release, [scope, member, Array.from({ length: items }, (_, item) => item)])
    await pool.query(this.#sql.leave, [scope, member])
  }
}

const statements = (tables: LeaseTables) => {
  const leases = `${quoted(tables.schema)}.${tables.leases}`
  const members = `${quoted(tables.schema)}.${tables.members}`
  const expiry = `clock_timestamp() + $3::double precision * interval '1 millisecond'`
  return {
    /**
     * $1 scope, $2 member, $3 ttl. Counts the living, this member among them, and tells in how many milliseconds the
     * first of the others or of their items expires, unless that is later than in $3. Those who renew stay ahead of it.
     */
    announce: `
WITH gone AS (
  DELETE FROM ${members} WHERE scope = $1 AND expires_at < clock_timestamp() AND member <> $2::uuid
), here AS (
  INSERT INTO ${members} (scope, member, expires_at) VALUES ($1, $2::uuid, ${expiry})
  ON CONFLICT (scope, member) DO UPDATE SET expires_at = excluded.expires_at
)
SELECT count(*) + 1 AS members, 1000 * extract(epoch FROM least(${expiry}, min(expires_at), (
  SELECT min(expires_at) FROM ${leases}
  WHERE scope = $1 AND owner <> $2::uuid AND expires_at > clock_timestamp()
)) - clock_timestamp())::double precision AS expiry
FROM ${members}
WHERE scope = $1 AND member <> $2::uuid AND expires_at >= clock_timestamp()`,

    /**
     * $1 scope, $2 member, $3 ttl, $4 fair share, $5 items. \`kept\` renews this member's lowest items up to its share,
     * \`returned\` frees the rest, \`taken\` fills the share with items that are free. Of two members that reach for one
     * item the second waits for the first and then finds it taken, since the condition is checked again on the new row.
     */
    renew: `
WITH mine AS (
  SELECT item, row_number() OVER (ORDER BY item) AS nth FROM ${leases}
  WHERE scope = $1 AND owner = $2::uuid AND expires_at > clock_timestamp()
), kept AS (
  UPDATE ${leases} l SET expires_at = ${expiry} FROM mine
  WHERE l.scope = $1 AND l.item = mine.item AND mine.nth <= $4 AND l.owner = $2::uuid
  RETURNING l.item, l.epoch
), returned AS (
  UPDATE ${leases} l SET expires_at = '-infinity' FROM mine
  WHERE l.scope = $1 AND l.item = mine.item AND mine.nth > $4 AND l.owner = $2::uuid
), free AS (
  SELECT item FROM generate_series(0, $5::integer - 1) AS item
  WHERE NOT EXISTS (SELECT FROM ${leases} l WHERE l.scope = $1 AND l.item = item.item AND l.expires_at > clock_timestamp())
  ORDER BY item LIMIT greatest(0, $4 - (SELECT count(*) FROM mine))
), taken AS (
  INSERT INTO ${leases} AS l (scope, item, owner, epoch, expires_at)
  SELECT $1, item, $2::uuid, 1, ${expiry} FROM free ORDER BY item
  ON CONFLICT (scope, item) DO UPDATE
    SET owner = excluded.owner, epoch = l.epoch + 1, expires_at = excluded.expires_at
    WHERE l.expires_at <= clock_timestamp()
  RETURNING item, epoch
)
SELECT item, epoch FROM kept UNION ALL SELECT item, epoch FROM taken ORDER BY item`,

    /** $1 scope, $2 member, $3 items. */
    release: `
UPDATE ${leases} SET expires_at = '-infinity' WHERE scope = $1 AND owner = $2::uuid AND item = ANY($3::integer[])`,

    /** $1 scope, $2 member. */
    leave: `DELETE FROM ${members} WHERE scope = $1 AND member = $2::uuid`,
  }
}
