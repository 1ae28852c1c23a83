import { CompiledQuery, type Kysely, type Transaction } from 'kysely'
import { BuildRefused } from '../../core/errors/index.js'
import { quoted } from '../../postgres/schemas.js'
import type { Acceptance, AcceptancePlan } from '../acceptance.js'
import { differInKeyText } from '../definition-fingerprint.js'
import { GenerationChecks, type GenerationChecksOptions } from './generation-checks.js'
import { grownTypes, misfits } from './generation-fit.js'
import { exclusively } from './generation-lock.js'

export interface PostgresAcceptanceOptions extends GenerationChecksOptions {
  readonly db: Kysely<unknown>
}

/** Builds that somebody accepts for the live generation of one projection. */
export class PostgresAcceptance implements Acceptance {
  readonly #db: Kysely<unknown>
  readonly #read: string
  readonly #projection: string
  readonly #checks: GenerationChecks
  readonly #sql: ReturnType<typeof statements>

  constructor({ db, ...options }: PostgresAcceptanceOptions) {
    this.#db = db
    this.#read = options.read
    this.#projection = options.model.name
    this.#checks = new GenerationChecks(options)
    this.#sql = statements(options.read)
  }

  plan(): Promise<AcceptancePlan> {
    return this.#planWithin(this.#db)
  }

  async accept({ generation }: AcceptancePlan, by: string): Promise<void> {
    await exclusively(this.#db, this.#read, this.#projection, async (tx) => {
      const plan = await this.#planWithin(tx)
      if (plan.generation !== generation)
        throw new BuildRefused([
          `projection ${this.#projection}: generation ${plan.generation} went live meanwhile, in place of ${generation}; ` +
            'look at the plan again',
        ])
      await this.#admit(tx, plan, by)
      const { projection, fingerprint, grown, otherKeyText, earlier } = plan
      const target = JSON.stringify({ projection, generation, fingerprint, grown, otherKeyText, earlier })
      await this.#run(tx, this.#sql.audit, [by, 'projection accept', target])
    })
  }

  async #admit(
    tx: Transaction<unknown>,
    { generation, fingerprint, grown, otherKeyText }: AcceptancePlan,
    by: string,
  ): Promise<void> {
    const { builds, declared } = this.#checks
    if (otherKeyText) await this.#run(tx, this.#sql.rekey, [this.#projection, generation, declared.keying])
    if (grown.length === 0) return builds.admit(tx, generation, fingerprint, by)
    await this.#run(tx, this.#sql.grow, [this.#projection, generation, declared.eventTypes])
    await builds.admitAlone(tx, generation, fingerprint, by)
    // After batches under way: whoever lacks the types would pass them by, and finds out when it takes its lanes again.
    await this.#run(tx, this.#sql.fence, [this.#projection, generation])
  }

  async #planWithin(db: Kysely<unknown>): Promise<AcceptancePlan> {
    const projection = this.#projection
    const { builds, declared } = this.#checks
    const { fingerprint } = declared
    const [row] = await this.#run<{ live: number }>(db, this.#sql.live, [projection])
    const built = row && (await this.#checks.builtAs(db, row.live))
    if (row === undefined || built === undefined)
      throw new BuildRefused([`projection ${projection}: it has no generation yet: start the app`])
    const { admitted, earlier } = await builds.standing(db, row.live, fingerprint)
    // Appends of other processes write an inline one, and no epoch tells those that lack the types.
    const grown = built.inlineTypes === null ? grownTypes(built, declared) : []
    const otherKeyText = !admitted && differInKeyText(built.keying ?? '', declared.keying ?? '')
    const eventTypes = [...built.eventTypes, ...grown]
    const faults = misfits(projection, row.live, { ...built, eventTypes }, declared, admitted || otherKeyText)
    if (faults.length > 0) throw new BuildRefused(faults)
    const isAdmitted = admitted && grown.length === 0 && !otherKeyText
    const older = admitted ? null : earlier
    return { projection, generation: row.live, fingerprint, grown, otherKeyText, earlier: older, isAdmitted }
  }

  async #run<Row>(db: Kysely<unknown>, sql: string, values: readonly unknown[]): Promise<readonly Row[]> {
    return (await db.executeQuery<Row>(CompiledQuery.raw(sql, [...values]))).rows
  }
}

const statements = (read: string) => {
  const r = quoted(read)
  return {
    /** $1 projection. */
    live: `SELECT live_generation AS live FROM ${r}.projections WHERE name = $1 AND live_generation > 0`,

    /** $1 projection, $2 generation, $3 event types. */
    grow: `UPDATE ${r}.generations SET event_types = $3 WHERE projection = $1 AND generation = $2`,

    /** $1 projection, $2 generation, $3 keying. */
    rekey: `UPDATE ${r}.generations SET keying = $3 WHERE projection = $1 AND generation = $2`,

    /** $1 projection, $2 generation. */
    fence: `UPDATE ${r}.checkpoints SET epoch = epoch + 1 WHERE projection = $1 AND generation = $2`,

    /** $1 actor, $2 action, $3 target. */
    audit: `INSERT INTO ${r}.audit_log (actor, action, target) VALUES ($1, $2, $3::jsonb)`,
  }
}
