import type { EffectParts } from '../processes/effect-parts.js'
import { EFFECT_GENERATION } from '../processes/effects-model.js'
import type { ProjectionParts } from '../projections/projection-feed.js'
import { DeadLetters } from '../subscriptions/index.js'
import { PostgresDeadLetters, type ReadTransaction } from '../subscriptions/postgres/index.js'
import type { Databases } from './postgres/databases.js'

/** The dead letters of a projection, for those who decide about them. */
export function deadLettersOf(
  { readDb, schemas }: Pick<Databases, 'readDb' | 'schemas'>,
  parts: ProjectionParts<ReadTransaction>,
): DeadLetters<ReadTransaction> {
  const { model, source, generations, subscriberFor } = parts
  return new DeadLetters({
    ...parts,
    name: model.name,
    gaps: source.gaps,
    letters: new PostgresDeadLetters(readDb, schemas.read),
    live: async () => {
      const live = (await generations.status())?.live
      if (live === undefined) return undefined
      return { name: model.name, generation: live.generation, subscriber: () => subscriberFor(live) }
    },
    requireFit: () => generations.refuseMisfit(),
  })
}

/** The same of a class of effects. */
export function effectLettersOf(
  { readDb, schemas }: Pick<Databases, 'readDb' | 'schemas'>,
  parts: EffectParts<ReadTransaction>,
): DeadLetters<ReadTransaction> {
  const { model, source, registry, subscriberFor } = parts
  return new DeadLetters({
    ...parts,
    name: model.name,
    gaps: source.gaps,
    letters: new PostgresDeadLetters(readDb, schemas.read),
    live: async () => {
      const registered = await registry.status()
      if (registered === undefined) return undefined
      return { name: model.name, generation: EFFECT_GENERATION, subscriber: () => subscriberFor(registered) }
    },
    requireFit: () => registry.requireFit(),
  })
}
