import type { EffectParts } from '../processes/effect-parts.js'
import type { EffectRunner } from '../processes/effect-runner.js'
import type { EffectsModel } from '../processes/index.js'
import type { ReadTransaction } from '../subscriptions/postgres/index.js'
import type { AppModel } from './app-model.js'
import { effectLettersOf } from './dead-letters.js'
import { type Feed, FeedsAtWork, type FeedsAtWorkOptions } from './feeds-at-work.js'

export interface EffectsAtWorkOptions extends Omit<FeedsAtWorkOptions, 'feeds'> {
  readonly model: Pick<AppModel, 'effects'>
  readonly partsOf: (model: EffectsModel) => EffectParts<ReadTransaction>
  /** None where feeding is the part of other processes. */
  readonly runners: readonly EffectRunner<ReadTransaction>[]
}

/** The effects of an app as one process has them: at work where that is its part. */
export function effectsAtWork(options: EffectsAtWorkOptions): FeedsAtWork {
  const feeds = options.model.effects.map((effects) => feedOf(effects, options))
  return new FeedsAtWork({ ...options, feeds })
}

function feedOf(
  effects: EffectsModel,
  { databases, partsOf, runners }: Pick<EffectsAtWorkOptions, 'databases' | 'partsOf' | 'runners'>,
): Feed {
  const runner = runners.find(({ name }) => name === effects.name)
  return {
    kind: 'effect',
    name: effects.name,
    inline: false,
    topics: [...partsOf(effects).source.topics.keys()],
    ordered: undefined,
    // What acts on letters has its places from the runner, and its instance.
    here: runner && { runner, letters: effectLettersOf(databases, runner.parts) },
  }
}
