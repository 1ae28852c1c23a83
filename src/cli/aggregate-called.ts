import type { AggregateModel } from '../aggregates/index.js'
import { CliError } from './cli-error.js'
import { didYouMean } from './did-you-mean.js'

/** @throws {@link CliError} with a suggestion, when the app has none of that name */
export function aggregateCalled(
  name: string,
  aggregates: readonly AggregateModel[],
  app: string,
): AggregateModel {
  const found = aggregates.find((it) => it.name === name)
  if (found !== undefined) return found
  const names = aggregates.map((it) => it.name)
  const [meant] = didYouMean(name, names)
  const hint = meant === undefined ? `it has ${names.join(', ') || 'none'}` : `did you mean ${meant}?`
  throw new CliError('USAGE', `${app} has no aggregate ${JSON.stringify(name)}: ${hint}`)
}
