import { CompiledQuery, type Kysely } from 'kysely'
import { quoted } from '../../postgres/schemas.js'
import type { Feeder, Feeders, Feeding } from '../feeders.js'

/** Who feeds what, in the read schema, by the database's clock. */
export class PostgresFeeders implements Feeders {
  readonly #db: Kysely<unknown>
  readonly #sql: ReturnType<typeof statements>

  constructor(db: Kysely<unknown>, read: string) {
    this.#db = db
    this.#sql = statements(read)
  }

  async renew(
    member: string,
    process: string,
    feeding: readonly Feeding[],
    milliseconds: number,
  ): Promise<void> {
    const projections = feeding.map(({ projection }) => projection)
    const generations = feeding.map(({ generation }) => generation)
    const fingerprints = feeding.map(({ fingerprint }) => fingerprint)
    const values = [member, process, milliseconds, projections, generations, fingerprints]
    await this.#db.executeQuery(CompiledQuery.raw(this.#sql.renew, values))
  }

  async of(projection: string): Promise<readonly Feeder[]> {
    const { rows } = await this.#db.executeQuery<Feeder>(CompiledQuery.raw(this.#sql.of, [projection]))
    return rows
  }
}

const statements = (read: string) => {
  const r = quoted(read)
  return {
    /**
     * $1 member, $2 process, $3 milliseconds, $4 projections, $5 generations, $6 fingerprints. What the member does not
     * feed any more is taken away, and what others left behind that died: unless a rival is about to do that.
     */
    renew: `
WITH fed AS (
  SELECT * FROM unnest($4::text[], $5::integer[], $6::text[]) AS f (projection, generation, fingerprint)
), left_behind AS (
  SELECT projection, generation, member FROM ${r}.feeders
  WHERE member <> $1::uuid AND expires_at < clock_timestamp() FOR UPDATE SKIP LOCKED
), gone AS (
  DELETE FROM ${r}.feeders f
  WHERE (f.member = $1::uuid AND NOT EXISTS (
           SELECT FROM fed WHERE fed.projection = f.projection AND fed.generation = f.generation))
     OR (f.projection, f.generation, f.member) IN (SELECT * FROM left_behind)
)
INSERT INTO ${r}.feeders AS f (projection, generation, member, process, fingerprint, expires_at)
SELECT fed.projection, fed.generation, $1::uuid, $2, fed.fingerprint,
       clock_timestamp() + $3::double precision * interval '1 millisecond'
FROM fed JOIN ${r}.generations g ON g.projection = fed.projection AND g.generation = fed.generation
ON CONFLICT (projection, generation, member) DO UPDATE
  SET fingerprint = excluded.fingerprint, expires_at = excluded.expires_at`,

    /** $1 projection. */
    of: `
SELECT generation, fingerprint, process, since FROM ${r}.feeders
WHERE projection = $1 AND expires_at > clock_timestamp() ORDER BY generation, fingerprint, since`,
  }
}
