import type { ProjectionModel } from '../projections/index.js'
import { definitionFingerprint } from '../projections/definition-fingerprint.js'
import { PostgresAcceptance } from '../projections/postgres/acceptance.js'
import { PostgresFeeders } from '../projections/postgres/feeders.js'
import { PostgresGenerations } from '../projections/postgres/generations.js'
import type { ProjectionParts } from '../projections/projection-feed.js'
import type { Databases } from './postgres/databases.js'

/** What tells which generation of a projection this build may feed, and who feeds it. */
export function generationParts(
  { readDb: db, schemas: { read } }: Pick<Databases, 'readDb' | 'schemas'>,
  app: string,
  model: ProjectionModel,
  topics: ReadonlyMap<string, number>,
  streamTypes: readonly string[],
): Pick<ProjectionParts<unknown>, 'generations' | 'fingerprint' | 'acceptance' | 'feeders'> {
  const options = { db, read, app, model, streamTypes }
  return {
    generations: new PostgresGenerations({ ...options, topics }),
    fingerprint: definitionFingerprint(model),
    acceptance: new PostgresAcceptance(options),
    feeders: new PostgresFeeders(db, read),
  }
}
