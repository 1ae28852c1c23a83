import { CompiledQuery, type Kysely, type Transaction } from 'kysely'
import { quoted } from '../../postgres/schemas.js'
import { shortFingerprint } from '../definition-fingerprint.js'

/** How a build of a projection stands to a generation of it. */
export interface BuildStanding {
  /** It built the generation, or was accepted for it. */
  readonly admitted: boolean
  /** The last earlier generation that it fed; null where it is not known to have fed any. */
  readonly earlier: number | null
}

/** Which builds of one projection may feed which generation. */
export class Builds {
  readonly #projection: string
  readonly #sql: ReturnType<typeof buildStatements>

  constructor(read: string, projection: string) {
    this.#projection = projection
    this.#sql = buildStatements(read)
  }

  async standing(db: Kysely<unknown>, generation: number, fingerprint: string): Promise<BuildStanding> {
    const { rows } = await db.executeQuery<BuildStanding>(
      CompiledQuery.raw(this.#sql.standing, [this.#projection, generation, fingerprint]),
    )
    return rows[0] ?? { admitted: false, earlier: null }
  }

  /** Lets a build feed a generation. `by`: who accepted it; not given, it built the generation, or fixes it. */
  async admit(
    tx: Transaction<unknown>,
    generation: number,
    fingerprint: string,
    by: string | null = null,
  ): Promise<void> {
    await tx.executeQuery(CompiledQuery.raw(this.#sql.admit, [this.#projection, generation, fingerprint, by]))
  }

  /** Lets no build feed a generation but this one. */
  async admitAlone(
    tx: Transaction<unknown>,
    generation: number,
    fingerprint: string,
    by: string,
  ): Promise<void> {
    await tx.executeQuery(
      CompiledQuery.raw(this.#sql.dismissOthers, [this.#projection, generation, fingerprint]),
    )
    await this.admit(tx, generation, fingerprint, by)
  }
}

/** Why an older build must not feed a generation that a newer one was built for. */
export function olderBuildFault(
  projection: string,
  generation: number,
  fingerprint: string,
  { admitted, earlier }: BuildStanding,
): string | undefined {
  if (admitted || earlier === null) return undefined
  return (
    `projection ${projection}: generation ${generation} was built by another definition than this build's, ` +
    `${shortFingerprint(fingerprint)}, which fed generation ${earlier}: this is an older release; deploy the newer one, ` +
    `or, to go back on purpose, run reprise projection accept ${projection} or reprise projection rebuild ${projection} ` +
    `with this release (--app names its module)`
  )
}

/** $1 projection, $2 generation, $3 fingerprint throughout. */
export function buildStatements(read: string) {
  const r = quoted(read)
  return {
    standing: `
SELECT EXISTS (SELECT FROM ${r}.builds b
               WHERE b.projection = $1 AND b.generation = $2::integer AND b.fingerprint = $3) AS admitted,
       (SELECT max(b.generation) FROM ${r}.builds b
        WHERE b.projection = $1 AND b.generation < $2::integer AND b.fingerprint = $3) AS earlier`,

    /** $4 who accepted it. */
    admit: `
INSERT INTO ${r}.builds AS b (projection, generation, fingerprint, accepted_by) VALUES ($1, $2, $3, $4)
ON CONFLICT (projection, generation, fingerprint) DO UPDATE SET accepted_by = coalesce(excluded.accepted_by, b.accepted_by)`,

    dismissOthers: `DELETE FROM ${r}.builds WHERE projection = $1 AND generation = $2 AND fingerprint <> $3`,
  }
}
