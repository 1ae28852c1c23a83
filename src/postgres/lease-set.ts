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
  /** Until when an item is left to others, by this process's clock. */
  readonly #declined = new Map<number, number>()

  constructor(options: LeaseSetOptions) {
    this.#options = options
    this.#sql = statements(options.tables)
  }

  /**
   * Says this member is alive, extends what it holds, gives back what exceeds its fair share, and takes free or expired
   * items up to it, in one statement. Answers what it holds afterwards, and when to call it again.
   */
  async renew(): Promise<Renewal> {
    const { pool, scope, items, member, ttl } = this.#options
    const { rows } = await pool.query<RenewedRow>(this.#sql.renew, [
      scope,
      member,
      ttl,
      items,
      this.#leftToOthers(),
    ])
    const held = rows.flatMap(({ item, epoch }) =>
      item === null || epoch === null ? [] : [[item, epoch] as const],
    )
    const expiry = rows[0]?.expiry ?? ttl
    return { held: new Map(held), renewIn: Math.min(ttl / 3, Math.max(0, expiry) + AFTER_EXPIRY) }
  }

  /** Gives up one item at once, so that another member need not wait for the expiry. */
  async release(item: number): Promise<void> {
    const { pool, scope, member } = this.#options
    await pool.query(this.#sql.release, [scope, member, [item]])
  }

  /**
   * Gives up one item at once, and leaves it to the others for so many milliseconds, beyond their fair shares. When the
   * time is over and nobody has it, this member takes it again.
   */
  async decline(item: number, milliseconds: number): Promise<void> {
    this.#declined.set(item, performance.now() + milliseconds)
    await this.release(item)
  }

  /** Gives up everything and leaves. */
  async leave(): Promise<void> {
    const { pool, scope, member, items } = this.#options
    await pool.query(this.#sql.release, [scope, member, Array.from({ length: items }, (_, item) => item)])
    await pool.query(this.#sql.leave, [scope, member])
  }

  #leftToOthers(): readonly number[] {
    const now = performance.now()
    for (const [item, until] of this.#declined) if (until <= now) this.#declined.delete(item)
    return [...this.#declined.keys()]
  }
}

/** Every row tells the expiry; one without an item is there where nothing is held. */
interface RenewedRow {
  readonly expiry: number
  readonly item: number | null
  readonly epoch: bigint | null
}

const statements = (tables: LeaseTables) => {
  const leases = `${quoted(tables.schema)}.${tables.leases}`
  const members = `${quoted(tables.schema)}.${tables.members}`
  const expiry = `clock_timestamp() + $3::double precision * interval '1 millisecond'`
  return {
    /**
     * $1 scope, $2 member, $3 ttl, $4 items, $5 what this member declines.
     *
     * \`living\` counts the members, this one among them, and tells in how many milliseconds the first of the others or
     * of their items expires, unless that is later than in $3: those who renew stay ahead of it. An item that a living
     * member declines is \`special\`: it counts in nobody's share, and whoever comes first of the others has it. Of the
     * ordinary ones \`kept\` renews this member's lowest up to its share, \`returned\` frees the rest, \`taken\` fills the
     * share with items that are free. Of two members that reach for one item the second waits for the first and then
     * finds it taken, since the condition is checked again on the new row.
     */
    renew: `
WITH gone AS (
  DELETE FROM ${members} WHERE scope = $1 AND expires_at < clock_timestamp() AND member <> $2::uuid
), here AS (
  INSERT INTO ${members} (scope, member, expires_at, declined) VALUES ($1, $2::uuid, ${expiry}, $5::integer[])
  ON CONFLICT (scope, member) DO UPDATE SET expires_at = excluded.expires_at, declined = excluded.declined
), others AS (
  SELECT expires_at, declined FROM ${members}
  WHERE scope = $1 AND member <> $2::uuid AND expires_at >= clock_timestamp()
), living AS (
  SELECT 1000 * extract(epoch FROM least(${expiry}, min(expires_at), (
    SELECT min(expires_at) FROM ${leases}
    WHERE scope = $1 AND owner <> $2::uuid AND expires_at > clock_timestamp()
  )) - clock_timestamp())::double precision AS expiry, count(*) + 1 AS members
  FROM others
), special AS (
  SELECT unnest(declined) AS item FROM others UNION SELECT unnest($5::integer[])
), share AS (
  SELECT ceil(($4::integer - (SELECT count(*) FROM special))::numeric / members) AS size FROM living
), mine AS (
  SELECT item, is_special, row_number() OVER (PARTITION BY is_special ORDER BY item) AS nth
  FROM ${leases}, LATERAL (SELECT item IN (SELECT item FROM special) AS is_special) AS kind
  WHERE scope = $1 AND owner = $2::uuid AND expires_at > clock_timestamp()
), staying AS (
  SELECT item FROM mine
  WHERE item <> ALL ($5::integer[]) AND (is_special OR nth <= (SELECT size FROM share))
), kept AS (
  UPDATE ${leases} l SET expires_at = ${expiry} FROM staying
  WHERE l.scope = $1 AND l.item = staying.item AND l.owner = $2::uuid
  RETURNING l.item, l.epoch
), returned AS (
  UPDATE ${leases} l SET expires_at = '-infinity' FROM mine
  WHERE l.scope = $1 AND l.item = mine.item AND l.owner = $2::uuid AND mine.item NOT IN (SELECT item FROM staying)
), free AS (
  SELECT item, item IN (SELECT item FROM special) AS is_special FROM generate_series(0, $4::integer - 1) AS item
  WHERE item <> ALL ($5::integer[])
    AND NOT EXISTS (SELECT FROM ${leases} l WHERE l.scope = $1 AND l.item = item.item AND l.expires_at > clock_timestamp())
), wanted AS (
  SELECT item FROM free WHERE is_special
  UNION ALL (
    SELECT item FROM free WHERE NOT is_special ORDER BY item
    LIMIT greatest(0, (SELECT size FROM share) - (SELECT count(*) FROM mine WHERE NOT is_special))
  )
), taken AS (
  INSERT INTO ${leases} AS l (scope, item, owner, epoch, expires_at)
  SELECT $1, item, $2::uuid, 1, ${expiry} FROM wanted ORDER BY item
  ON CONFLICT (scope, item) DO UPDATE
    SET owner = excluded.owner, epoch = l.epoch + 1, expires_at = excluded.expires_at
    WHERE l.expires_at <= clock_timestamp()
  RETURNING item, epoch
)
SELECT living.expiry, held.item, held.epoch
FROM living LEFT JOIN (SELECT item, epoch FROM kept UNION ALL SELECT item, epoch FROM taken) held ON true
ORDER BY held.item`,

    /** $1 scope, $2 member, $3 items. */
    release: `
UPDATE ${leases} SET expires_at = '-infinity' WHERE scope = $1 AND owner = $2::uuid AND item = ANY($3::integer[])`,

    /** $1 scope, $2 member. */
    leave: `DELETE FROM ${members} WHERE scope = $1 AND member = $2::uuid`,
  }
}
