import { CompiledQuery, type Kysely, type Transaction } from 'kysely'
import { BuildRefused, DefinitionError } from '../../core/errors/index.js'
import { quoted } from '../../postgres/schemas.js'
import type { EffectRegistry, RegisteredEffects } from '../effect-registry.js'
import { EFFECT_GENERATION, type EffectsModel } from '../effects-model.js'

export interface PostgresEffectRegistryOptions {
  readonly db: Kysely<unknown>
  readonly read: string
  readonly model: EffectsModel
  /** Partitions per topic that it reads. */
  readonly topics: ReadonlyMap<string, number>
  /** By the clock that events are recorded by. */
  readonly now: () => Promise<Date>
}

/** What nothing was built for: a projection of the same name finds that it has other tables. */
const SHAPE = 'of effects, which have none'

/** Classes of effects as rows among those of projections, each with one generation. */
export class PostgresEffectRegistry implements EffectRegistry {
  readonly #options: PostgresEffectRegistryOptions
  readonly #name: string
  readonly #types: readonly string[]
  readonly #sql: ReturnType<typeof statements>

  constructor(options: PostgresEffectRegistryOptions) {
    this.#options = options
    this.#name = options.model.name
    this.#types = [...options.model.handlers.keys()].sort()
    this.#sql = statements(options.read)
  }

  ensure(): Promise<RegisteredEffects> {
    const { db, read, topics } = this.#options
    return db
      .transaction()
      .setIsolationLevel('read committed')
      .execute(async (tx) => {
        await this.#run(tx, this.#sql.lock, [`reprise ${read} ${this.#name}`])
        const recorded = (await this.#recorded(tx)) ?? (await this.#register(tx))
        this.#requireOwn(recorded)
        await this.#grow(tx, recorded)
        await this.#run(tx, this.#sql.addLanes, [this.#name, [...topics.keys()], [...topics.values()]])
        return registered(recorded)
      })
  }

  async fits(): Promise<boolean> {
    const recorded = await this.#recorded(this.#options.db)
    return recorded !== undefined && this.#lacking(recorded).length === 0
  }

  async requireFit(): Promise<void> {
    const recorded = await this.#recorded(this.#options.db)
    if (recorded !== undefined) this.#requireOwn(recorded)
  }

  async status(): Promise<RegisteredEffects | undefined> {
    const recorded = await this.#recorded(this.#options.db)
    return recorded?.kind === 'effect' ? registered(recorded) : undefined
  }

  async claimLog(generation: number, identity: string): Promise<string> {
    const values = [this.#name, generation, identity]
    const [row] = await this.#run<{ log: string }>(this.#options.db, this.#sql.claimLog, values)
    return row?.log ?? identity
  }

  async setState(state: RegisteredEffects['state'], failure?: string): Promise<void> {
    await this.#run(this.#options.db, this.#sql.setState, [this.#name, state, failure ?? null])
  }

  async #recorded(db: Kysely<unknown>): Promise<RecordedRow | undefined> {
    return (await this.#run<RecordedRow>(db, this.#sql.recorded, [this.#name]))[0]
  }

  async #register(tx: Transaction<unknown>): Promise<RecordedRow> {
    const { model, now } = this.#options
    const actsFrom = model.begin === 'now' ? await now() : null
    await this.#run(tx, this.#sql.register, [this.#name, actsFrom?.toISOString() ?? null])
    await this.#run(tx, this.#sql.create, [this.#name, this.#types, SHAPE])
    return { kind: 'effect', acts_from: actsFrom, event_types: this.#types, state: 'running', failure: null }
  }

  #requireOwn(recorded: RecordedRow): void {
    const subject = `effects ${this.#name}`
    if (recorded.kind !== 'effect')
      throw new DefinitionError([
        `${subject}: a projection had this name, and its checkpoints are still kept: give the effects another name`,
      ])
    const lacking = this.#lacking(recorded)
    if (lacking.length > 0)
      throw new BuildRefused(
        [
          `${subject}: a newer release acts on ${lacking.join(', ')}, which this build has no handler for, so that such events ` +
            'would be passed by: deploy the release that has it, or keep a method with @On that does nothing',
        ],
        { isOlder: true },
      )
  }

  /** Whoever does not know what is acted on from now on has to take its lanes again, and cannot. */
  async #grow(tx: Transaction<unknown>, { event_types: recorded }: RecordedRow): Promise<void> {
    if (this.#types.every((type) => recorded.includes(type))) return
    await this.#run(tx, this.#sql.setTypes, [this.#name, this.#types])
    await this.#run(tx, this.#sql.fence, [this.#name])
  }

  #lacking({ event_types: recorded }: RecordedRow): readonly string[] {
    return recorded.filter((type) => !this.#types.includes(type))
  }

  async #run<Row>(db: Kysely<unknown>, sql: string, values: readonly unknown[]): Promise<Row[]> {
    return (await db.executeQuery<Row>(CompiledQuery.raw(sql, [...values]))).rows
  }
}

interface RecordedRow {
  readonly kind: 'projection' | 'effect'
  readonly acts_from: Date | null
  readonly event_types: readonly string[]
  readonly state: RegisteredEffects['state']
  readonly failure: string | null
}

const registered = ({ acts_from, state, failure }: RecordedRow): RegisteredEffects => ({
  actsFrom: acts_from ?? undefined,
  state,
  failure: failure ?? undefined,
})

/** $1 is the name of the effects throughout. */
const statements = (read: string) => {
  const r = quoted(read)
  const own = `projection = $1 AND generation = ${EFFECT_GENERATION}`
  return {
    /** $1 what to lock: the same as where a projection's first generation is created. */
    lock: 'SELECT pg_advisory_xact_lock(hashtextextended($1, 0))',

    recorded: `
SELECT p.kind, p.acts_from, g.event_types, g.state, g.failure
FROM ${r}.projections p LEFT JOIN ${r}.generations g ON g.projection = p.name AND g.generation = p.live_generation
WHERE p.name = $1`,

    /** $2 from when on it acts. */
    register: `
INSERT INTO ${r}.projections (name, live_generation, kind, acts_from) VALUES ($1, ${EFFECT_GENERATION}, 'effect', $2)`,

    /** $2 event types, $3 shape. */
    create: `
INSERT INTO ${r}.generations (projection, generation, declared_version, event_types, shape, schema_name, state)
VALUES ($1, ${EFFECT_GENERATION}, 1, $2, $3, '', 'running')`,

    /** $2 event types. */
    setTypes: `UPDATE ${r}.generations SET event_types = $2 WHERE ${own}`,

    fence: `UPDATE ${r}.checkpoints SET epoch = epoch + 1 WHERE ${own}`,

    /** $2 topics, $3 their partition counts. A topic that has lanes keeps them as they are. */
    addLanes: `
INSERT INTO ${r}.checkpoints (projection, generation, topic, partition, next_offset, epoch)
SELECT $1, ${EFFECT_GENERATION}, t.topic, partition, 0, 0
FROM unnest($2::text[], $3::integer[]) AS t (topic, partitions), generate_series(0, t.partitions - 1) AS partition
WHERE NOT EXISTS (SELECT FROM ${r}.checkpoints c WHERE c.projection = $1 AND c.generation = ${EFFECT_GENERATION} AND c.topic = t.topic)
ON CONFLICT DO NOTHING`,

    /** $2 generation, $3 log. Nothing is written where one is recorded. */
    claimLog: `
WITH claimed AS (
  UPDATE ${r}.generations SET log_identity = $3
  WHERE projection = $1 AND generation = $2 AND log_identity IS NULL
  RETURNING log_identity
)
SELECT log_identity AS log FROM claimed
UNION ALL
SELECT log_identity FROM ${r}.generations WHERE projection = $1 AND generation = $2 AND log_identity IS NOT NULL`,

    /** $2 state, $3 failure. */
    setState: `UPDATE ${r}.generations SET state = $2, failure = $3 WHERE ${own}`,
  }
}
