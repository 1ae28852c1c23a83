import type { CommandInstance, CommandType } from '../core/command.js'
import { record } from '../core/definition-metadata.js'
import { recordMethods } from '../core/method-definitions.js'
import type { PreparationsClass } from './aggregate-model.js'
import type { PreparationContext, PreparationsOptions, PreparesOptions } from './preparations.js'

/** The commands that a method can prepare. */
type PreparableBy<M> = M extends (command: infer C, context: PreparationContext) => PromiseLike<unknown>
  ? CommandType<C & CommandInstance>
  : 'is not a method that can take (command, { signal }) and returns a promise'

/** What {@link definePreparations} is told: what the decorators say. */
export interface PreparationsDefinition<P> extends PreparationsOptions {
  /** The commands of the methods that prepare one, as `@Prepares` says. */
  readonly prepares: {
    readonly [K in keyof P & string]?: PreparableBy<P[K]> | readonly [PreparableBy<P[K]>, PreparesOptions]
  }
}

/**
 * Makes a class a set of preparing steps without decorators: it says the same as `@Preparations` and `@Prepares`, and
 * the methods that it names must be public. Only records, once for a class. Returns the class.
 *
 * @example
 * definePreparations(ExchangeRates, { inject: [RATES], prepares: { rate: [ConvertMoney, { timeout: '2s' }] } })
 */
export function definePreparations<K extends PreparationsClass>(
  preparationsClass: K,
  { prepares, ...options }: PreparationsDefinition<InstanceType<K>>,
): K {
  recordMethods(preparationsClass, 'Prepares', prepares)
  record(preparationsClass, { classes: [{ decorator: 'Preparations', options }] })
  return preparationsClass
}
