import { Kysely, PostgresDialect } from 'kysely'
import { BuildRefused } from '../../../core/errors/index.js'
import type { Schemas } from '../../../postgres/schemas.js'
import { PostgresEffectRegistry } from '../../../processes/postgres/effect-registry.js'
import type { ProjectionModel } from '../../../projections/index.js'
import type { AppModel } from '../../app-model.js'
import { generationParts } from '../../generation-parts.js'
import { type Check, examined, warning } from '../check.js'
import type { Reached } from './database-checks.js'

/** What of this build may not feed what is live: its processes leave that to others, or are refused at their start. */
export async function buildChecks(
  { pool }: Reached,
  schemas: Schemas,
  model: AppModel,
): Promise<readonly Check[]> {
  const db = new Kysely<unknown>({ dialect: new PostgresDialect({ pool }) })
  const checks: Check[] = []
  for (const projection of model.projections) {
    const { generations } = partsOf(db, schemas, model, projection)
    const isAwaited = async (): Promise<boolean> => (await generations.status())?.buildingIsOurs === true
    const remedy = projection.inline
      ? () => Promise.resolve(REFUSED)
      : async (error: BuildRefused) => remedyFor(error, await isAwaited())
    checks.push(...(await buildCheck(projection.name, () => generations.refuseMisfit(), remedy)))
  }
  for (const effects of model.effects) {
    const options = { db, read: schemas.read, model: effects, topics: new Map<string, number>() }
    const registry = new PostgresEffectRegistry({ ...options, now: () => Promise.resolve(new Date()) })
    const remedy = (error: BuildRefused) => Promise.resolve(remedyFor(error, false))
    checks.push(...(await buildCheck(effects.name, () => registry.requireFit(), remedy)))
  }
  return checks
}

const partsOf = (
  readDb: Kysely<unknown>,
  schemas: Schemas,
  { name, aggregates }: AppModel,
  projection: ProjectionModel,
) => {
  const streamTypes = aggregates
    .filter(({ aggregateClass }) => projection.sources.includes(aggregateClass))
    .map((it) => it.name)
  return generationParts({ readDb, schemas }, name, projection, new Map(), streamTypes)
}

/** Nothing where it fits. */
function buildCheck(
  name: string,
  requireFit: () => Promise<void>,
  remedy: (error: BuildRefused) => Promise<string>,
): Promise<readonly Check[]> {
  const check = `build for ${name}`
  return examined(check, async () => {
    try {
      await requireFit()
      return []
    } catch (error) {
      if (!(error instanceof BuildRefused)) throw error
      return warning(check, `this build may not feed it: ${error.faults.join('; ')}`, await remedy(error))
    }
  })
}

/** An inline projection is written by every command: no process can leave that to others. */
const REFUSED = 'do what it says first: processes of this build are refused at their start'

function remedyFor({ isOlder }: BuildRefused, isAwaited: boolean): string {
  if (isAwaited) return 'wait for the rebuild under way: processes of this build stand aside until its swap'
  return isOlder
    ? 'nothing, where processes of the newer release run: those of this one start, and stand aside'
    : REFUSED
}
