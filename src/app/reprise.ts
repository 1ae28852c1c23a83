import type { App } from './app.js'
import type { ConsumingApp } from './consuming/consuming-app.js'
import type { AppDefinition, AppOptions, ConsumingDefinition, ConsumingOptions } from './definition.js'
import type { ResetReport } from './reset.js'
import type { StartOptions } from './settings.js'

/** Starts an app, or a service that only consumes. */
export interface StartApp {
  (definition: ConsumingDefinition | ConsumingOptions, options?: StartOptions): Promise<ConsumingApp>
  (definition: AppDefinition | AppOptions, options?: StartOptions): Promise<App>
}

/** The entry to a running app. Drivers are loaded by the first call, not by the import. */
export const Reprise = {
  /**
   * Starts an app: opens its databases and its log, migrates and creates topics where it may, publishes what is
   * committed, feeds its projections, and has its effects act. Resolves when commands are taken.
   *
   * A service that only consumes, without aggregates, has no store: it feeds its read models from the topics of other
   * services on Kafka. Those are never created here, whatever `provision` says.
   *
   * @throws {@link DefinitionError} with every fault of the definition; {@link BuildRefused} where a projection has to be
   * rebuilt for this build first; {@link ConfigurationError},
   * {@link DatabaseUnreachable}, {@link DatabaseTooNew}, {@link DatabaseTooOld}, {@link LogUnavailable},
   * {@link LogMismatch}, {@link StoreMismatch}, {@link TopicMissing}. Nothing is left open then.
   *
   * @example
   * await using app = await Reprise.start({ name: 'banking', aggregates: [Account], projections: [Balances] })
   * await using service = await Reprise.start({ name: 'fraud', consumes: [accounts], projections: [Turnover] })
   */
  start: (async (definition: AppDefinition | AppOptions, options?: StartOptions) => {
    const { start } = await import('./start.js')
    return start(definition, options)
    // Which of the two it gives follows from the definition.
  }) as StartApp,

  /**
   * Takes an app back to before its first start, for development: drops its own schemas, all of them or none, and
   * deletes its topics on the log that is named now, whichever store wrote them. The log that was recorded is forgotten
   * without being asked. Nothing else in the database is touched. Repeatable, also after it was killed.
   *
   * @throws {@link ConfigurationError} with `NODE_ENV=production`, and when something outside the app's schemas is built
   * on them; {@link TimedOut} when other processes hold them; {@link DatabaseUnreachable}, {@link LogUnavailable}
   *
   * @example
   * await Reprise.reset(bank)
   * await using app = await Reprise.start(bank)
   */
  async reset(definition: AppDefinition | AppOptions, options?: StartOptions): Promise<ResetReport> {
    const { reset } = await import('./reset.js')
    return reset(definition, options)
  },
}
