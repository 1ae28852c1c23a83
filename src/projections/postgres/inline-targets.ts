import { CompiledQuery, type Transaction } from 'kysely'
import { quoted } from '../../postgres/schemas.js'
import type { InlineTarget, InlineTargets } from '../inline-targets.js'
import { buildRefusal } from './build-refusal.js'
import type { BuildStanding } from './builds.js'
import type { BuiltAs, DeclaredAs } from './generation-fit.js'

/** Transactions that see one snapshot throughout. */
const ONE_SNAPSHOT: readonly string[] = ['repeatable read', 'serializable']

/**
 * Looks beneath the order lock of the append, which whoever changes what has to be written takes exclusively: that changes
 * at no time between this look and the commit. A transaction with a snapshot from before such a change would not see it,
 * and fails with a serialization failure.
 */
export class PostgresInlineTargets implements InlineTargets<Transaction<unknown>> {
  readonly #declared: ReadonlyMap<string, DeclaredAs>
  readonly #sql: ReturnType<typeof statements>
  readonly #fitting = new Set<string>()

  /** `declared`: what this build declares of each inline projection, by name. */
  constructor(read: string, declared: ReadonlyMap<string, DeclaredAs>) {
    this.#declared = declared
    this.#sql = statements(read)
  }

  async of(tx: Transaction<unknown>, projections: readonly string[]): Promise<readonly InlineTarget[]> {
    const rows = await this.#run<TargetRow>(tx, this.#sql.targets, [projections])
    if (rows.some(({ isolation }) => ONE_SNAPSHOT.includes(isolation)))
      await this.#run(tx, this.#sql.unchanged, [projections])
    const unmade = projections.filter((name) => !rows.some(({ projection }) => projection === name))
    if (unmade.length > 0)
      throw new Error(`${unmade.join(', ')} has no generation that could be written: start the app again`)
    const targets = rows.map((row) => ({ ...row, generation: Number(row.generation) }))
    for (const target of targets) await this.#requireFitting(tx, target)
    return targets
  }

  /**
   * What an inline generation was built from never changes, since no build that handles more can be accepted for it; one of
   * the same number that was made later is another one.
   */
  async #requireFitting(
    tx: Transaction<unknown>,
    { projection, generation, made }: InlineTarget,
  ): Promise<void> {
    const name = `${projection} ${generation} ${made}`
    if (this.#fitting.has(name)) return
    const declared = this.#declared.get(projection)
    const values = [projection, generation, declared?.fingerprint]
    const [row] = await this.#run<{ built: string }>(tx, this.#sql.builtAs, values)
    if (row === undefined || declared === undefined) throw new Error(`nothing is known of ${name}`)
    const built = JSON.parse(row.built) as BuiltAs & BuildStanding
    const refusal = buildRefusal(projection, generation, built, declared, built)
    if (refusal !== undefined) throw refusal
    this.#fitting.add(name)
  }

  async #run<Row>(
    tx: Transaction<unknown>,
    sql: string,
    values: readonly unknown[],
  ): Promise<readonly Row[]> {
    return (await tx.executeQuery<Row>(CompiledQuery.raw(sql, [...values]))).rows
  }
}

interface TargetRow extends Omit<InlineTarget, 'generation'> {
  readonly generation: string
  readonly isolation: string
}

/** Everything as text: a caller's connection may parse types in a way of its own. $1 is the projections, or the one. */
const statements = (read: string) => {
  const r = quoted(read)
  return {
    targets: `
SELECT p.name AS projection, g.generation::text, g.schema_name AS schema,
       extract(epoch FROM g.created_at)::text AS made, current_setting('transaction_isolation') AS isolation
FROM ${r}.projections p
JOIN ${r}.generations g ON g.projection = p.name AND g.generation IN (p.live_generation, p.level_generation)
WHERE p.name = ANY($1::text[]) ORDER BY p.name, g.generation`,

    /** Fails where a row was changed after the transaction's snapshot was taken. */
    unchanged: `SELECT name FROM ${r}.projections WHERE name = ANY($1::text[]) ORDER BY name FOR SHARE`,

    /** $2 generation, $3 a build's fingerprint. */
    builtAs: `
SELECT json_build_object(
  'shape', shape, 'version', declared_version, 'eventTypes', event_types, 'inlineTypes', inline_types, 'keying', keying,
  'admitted', EXISTS (SELECT FROM ${r}.builds b
                      WHERE b.projection = $1 AND b.generation = $2 AND b.fingerprint = $3),
  'earlier', (SELECT max(b.generation) FROM ${r}.builds b
              WHERE b.projection = $1 AND b.generation < $2 AND b.fingerprint = $3))::text AS built
FROM ${r}.generations WHERE projection = $1 AND generation = $2`,
  }
}
