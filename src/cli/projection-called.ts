import type { AppModel } from '../app/app-model.js'
import { RebuildRefused } from '../core/errors/index.js'
import type { EffectsModel } from '../processes/index.js'
import type { ProjectionModel } from '../projections/index.js'
import { CliError } from './cli-error.js'
import { didYouMean } from './did-you-mean.js'

/**
 * What has dead letters of its own: a projection, or a class of effects.
 *
 * @throws {@link CliError} with a suggestion, when the app has none of that name
 */
export function subscriberCalled(
  name: string,
  { name: app, projections, effects }: AppModel,
): ProjectionModel | EffectsModel {
  const all = [...projections, ...effects]
  return all.find((it) => it.name === name) ?? missing(name, app, all, 'projection or effects')
}

/** @throws {@link CliError} with a suggestion, when the app has none of that name */
export function projectionCalled(name: string, { name: app, projections }: AppModel): ProjectionModel {
  return projections.find((it) => it.name === name) ?? missing(name, app, projections)
}

/** @throws {@link CliError} for effects, and as {@link projectionCalled} */
export function acceptingCalled(name: string, model: AppModel): ProjectionModel {
  if (model.effects.some((it) => it.name === name))
    throw new CliError(
      'USAGE',
      `${name} are effects, for which no build is accepted: any may act that has a handler for all that they act on`,
    )
  return projectionCalled(name, model)
}

/** @throws {@link RebuildRefused} for effects, and as {@link projectionCalled} */
export function rebuildableCalled(name: string, model: AppModel): ProjectionModel {
  if (model.effects.some((it) => it.name === name))
    throw new RebuildRefused(
      name,
      'these are effects and no read model: they would act on all of history again; reprise dlq retry acts on what was parked',
    )
  return projectionCalled(name, model)
}

function missing(
  name: string,
  app: string,
  all: readonly { readonly name: string }[],
  what = 'projection',
): never {
  const names = all.map((it) => it.name)
  const [meant] = didYouMean(name, names)
  const hint = meant === undefined ? `it has ${names.join(', ') || 'none'}` : `did you mean ${meant}?`
  throw new CliError('USAGE', `${app} has no ${what} ${JSON.stringify(name)}: ${hint}`)
}
