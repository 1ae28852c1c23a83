import type { CommandInstance, CommandType } from '../core/command.js'
import type { AsynchronousMethodDecorator, TypedClassDecorator } from '../core/decorator-types.js'
import { classRecorder, methodRecorder } from '../core/decorator-recorders.js'
import type { Duration } from '../core/duration.js'
import type { ServiceToken } from '../core/service-token.js'
import type { PreparationsClass } from './aggregate-model.js'

/** What a class of preparing steps says about the whole of it. */
export interface PreparationsOptions {
  /** Tokens of the services that the constructor takes, in order. The app is given their container. */
  readonly inject?: readonly ServiceToken[]
}

/** What a preparing step says about itself. */
export interface PreparesOptions {
  /** How long it may take. @defaultValue '5s' */
  readonly timeout?: Duration
}

/** What a preparing step is called with beside its command. */
export interface PreparationContext {
  /**
   * Aborted when nobody waits for the answer any more: the step has taken too long, or another command's step failed that
   * is executed with this one as one. To be handed on to whatever the step waits for.
   */
  readonly signal: AbortSignal
}

/**
 * Makes a class a set of steps that fetch facts before commands are decided. Its one instance in an app is made with
 * the services that `inject` lists. Only records: what is wrong is reported when the app starts, all at once. Without
 * decorators: {@link definePreparations}.
 *
 * @example
 * @Preparations({ inject: [RATES] })
 * export class ExchangeRates {
 *   constructor(private readonly rates: RateService) {}
 *
 *   @Prepares(ConvertMoney, { timeout: '2s' })
 *   async rate({ from, to }: ConvertMoney, { signal }: PreparationContext) {
 *     return { rate: await this.rates.of(from, to, signal) }
 *   }
 * }
 */
export function Preparations(options: PreparationsOptions = {}): TypedClassDecorator<PreparationsClass> {
  return classRecorder({ decorator: 'Preparations', options })
}

/**
 * Makes a method the step that runs before a command is decided, once per command, also when the command is decided
 * again; its answer is the handler's `context.prepared`. The command waits for it. If it fails or takes too long, so
 * does the command, and nothing is stored. It reads facts; what it writes anywhere is not undone when the command is
 * refused.
 *
 * @throws {@link DefinitionError} as a standard decorator, at once, on what is no method or has a # name
 *
 * @example
 * @Prepares(ConvertMoney, { timeout: '2s' })
 * async rate({ from, to }: ConvertMoney, { signal }: PreparationContext) {
 *   return { rate: await this.rates.of(from, to, signal) }
 * }
 */
export function Prepares<C extends CommandInstance>(
  command: CommandType<C>,
  options: PreparesOptions = {},
): AsynchronousMethodDecorator<[command: C, context: PreparationContext]> {
  return methodRecorder({ decorator: 'Prepares', message: command, options })
}
