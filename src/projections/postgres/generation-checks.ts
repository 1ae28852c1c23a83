import { CompiledQuery, type Kysely, type Transaction } from 'kysely'
import { RebuildRefused } from '../../core/errors/index.js'
import { quoted } from '../../postgres/schemas.js'
import type { Generation } from '../generation.js'
import type { ProjectionModel } from '../projection-model.js'
import { storeLane } from '../store-source.js'
import { buildRefusal } from './build-refusal.js'
import { Builds } from './builds.js'
import { type BuiltAs, type DeclaredAs, declaredBy, feedMisfit } from './generation-fit.js'
import { shapeOf, tablesIn } from './views.js'

export interface GenerationChecksOptions {
  readonly read: string
  readonly app: string
  readonly model: ProjectionModel
  /** The aggregates, by name, whose events it reads. */
  readonly streamTypes: readonly string[]
}

/** Whether this build may feed the live generation of a projection, or build one in its place. */
export class GenerationChecks {
  /** What this build would build. */
  readonly declared: DeclaredAs
  readonly builds: Builds
  readonly #projection: string
  readonly #storeLane: string
  readonly #builtAs: string
  readonly #takeOver: string

  constructor({ read, app, model, streamTypes }: GenerationChecksOptions) {
    this.declared = declaredBy(model, streamTypes)
    this.builds = new Builds(read, model.name)
    this.#projection = model.name
    this.#storeLane = storeLane(app)
    this.#builtAs = builtAsStatement(read)
    this.#takeOver = takeOverStatement(read)
  }

  /** @throws {@link BuildRefused} when another definition built it, which this build would spoil */
  async refuseMisfit(db: Kysely<unknown>, { generation }: Generation): Promise<void> {
    const built = await this.builtAs(db, generation)
    const standing = await this.builds.standing(db, generation, this.declared.fingerprint)
    const refusal = built && buildRefusal(this.#projection, generation, built, this.declared, standing)
    if (refusal !== undefined) throw refusal
  }

  /**
   * Lets this build feed the generation, as one that fits. Answers whether it is another than those that fed it before: a
   * fix, since it keeps the version.
   *
   * @throws {@link BuildRefused} as {@link refuseMisfit}
   */
  async join(tx: Transaction<unknown>, live: Generation): Promise<boolean> {
    await this.refuseMisfit(tx, live)
    const { generation } = live
    const { fingerprint, keying } = this.declared
    const values = [this.#projection, generation, fingerprint, keying]
    const { rows } = await tx.executeQuery(CompiledQuery.raw(this.#takeOver, values))
    const { admitted } = await this.builds.standing(tx, generation, fingerprint)
    if (!admitted) await this.builds.admit(tx, generation, fingerprint)
    return !admitted && rows.length === 0
  }

  /** @throws {@link RebuildRefused} when the live one comes to its events in a way that no rebuild carries over */
  async refuseOtherFeed(tx: Transaction<unknown>, { generation }: Generation): Promise<void> {
    const built = await this.builtAs(tx, generation)
    const other = built && feedMisfit(built, this.declared)
    if (other !== undefined)
      throw new RebuildRefused(
        this.#projection,
        `its live generation ${other}: give the projection a new name`,
      )
  }

  /** @throws {@link RebuildRefused} when the tables of the two schemas have other columns */
  async refuseOtherShape(tx: Transaction<unknown>, live: string, building: string): Promise<void> {
    const before = shapeOf(await tablesIn(tx, live))
    const after = shapeOf(await tablesIn(tx, building))
    if (before === after) return
    throw new RebuildRefused(
      this.#projection,
      'its columns changed, which a rebuild cannot carry over yet: give the projection a new name and its tables new ' +
        `names; live:\n${before}\ndeclared:\n${after}`,
    )
  }

  /** What a generation was built from. */
  async builtAs(db: Kysely<unknown>, generation: number): Promise<BuiltAs | undefined> {
    const values = [this.#projection, generation, this.#storeLane]
    const { rows } = await db.executeQuery<BuiltAs>(CompiledQuery.raw(this.#builtAs, values))
    return rows[0]
  }
}

/** $1 projection, $2 generation, $3 the lane of the store's order. */
const builtAsStatement = (read: string): string => {
  const r = quoted(read)
  return `
SELECT shape, declared_version AS version, event_types AS "eventTypes", inline_types AS "inlineTypes", keying,
       EXISTS (SELECT FROM ${r}.checkpoints c
               WHERE c.projection = $1 AND c.generation = $2 AND c.topic = $3) AS ordered
FROM ${r}.generations
WHERE projection = $1 AND generation = $2`
}

/** $1 projection, $2 generation, $3 fingerprint, $4 keying. Nothing is written where a build is recorded. */
const takeOverStatement = (read: string): string => `
UPDATE ${quoted(read)}.generations SET fingerprint = $3, keying = $4
WHERE projection = $1 AND generation = $2 AND fingerprint IS NULL
RETURNING 1`
