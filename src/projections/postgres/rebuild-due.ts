import { CompiledQuery, type Kysely } from 'kysely'
import { quoted } from '../../postgres/schemas.js'
import type { ProjectionModel } from '../projection-model.js'

/**
 * Why the live generation of a projection asks for a rebuild with this build's code; undefined where nothing does, and
 * where there is no generation yet. Readers are served until then, with what was written.
 */
export async function rebuildDue(
  db: Kysely<unknown>,
  read: string,
  { name, version, handlers }: Pick<ProjectionModel, 'name' | 'version' | 'handlers'>,
): Promise<string | undefined> {
  const { rows } = await db.executeQuery<LiveRow>(CompiledQuery.raw(liveStatement(read), [name]))
  const [live] = rows
  if (live === undefined) return undefined
  const built = `generation ${live.generation} was built`
  if (live.version < version) return `${built} as version ${live.version}, the code declares ${version}`
  const added = [...handlers.keys()].filter((type) => !live.types.includes(type)).sort()
  if (live.version === version && added.length > 0) return `${built} without ${added.join(', ')}`
  if (live.since === null) return undefined
  return `${built} by another definition than one that has fed it since ${live.since.toISOString()}`
}

interface LiveRow {
  readonly generation: number
  readonly version: number
  readonly types: readonly string[]
  /** Since when another definition than its builder's may feed it. */
  readonly since: Date | null
}

/** $1 projection. A definition that fixes the same version is recorded by itself, an older one when it is accepted. */
const liveStatement = (read: string): string => {
  const r = quoted(read)
  return `
SELECT g.generation, g.declared_version AS version, g.event_types AS types,
       (SELECT min(b.since) FROM ${r}.builds b
        WHERE b.projection = g.projection AND b.generation = g.generation AND b.fingerprint <> g.fingerprint) AS since
FROM ${r}.projections p
JOIN ${r}.generations g ON g.projection = p.name AND g.generation = p.live_generation
WHERE p.name = $1`
}
