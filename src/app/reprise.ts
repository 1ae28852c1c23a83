import type { App } from './app.js'
import type { AppDefinition, AppOptions } from './definition.js'
import type { ResetReport } from './reset.js'
import type { StartOptions } from './settings.js'

/** The entry to a running app. Drivers are loaded by the first call, not by the import. */
export const Reprise = {
  /**
   * Starts an app: opens its databases and its log, migrates and creates topics where it may, publishes what is
   * committed, and feeds its projections. Resolves when commands are taken.
   *
   * @throws {@link DefinitionError} with every fault of the definition; {@link ConfigurationError},
   * {@link DatabaseUnreachable}, {@link DatabaseTooNew}, {@link DatabaseTooOld}, {@link LogUnavailable},
   * {@link LogMismatch}, {@link StoreMismatch}, {@link TopicMissing}. Nothing is left open then.
   *
   * @example
   * await using app = await Reprise.start({ name: 'banking', aggregates: [Account], projections: [Balances] })
   */
  async start(definition: AppDefinition | AppOptions, options?: StartOptions): Promise<App> {
    const { start } = await import('./start.js')
    return start(definition, options)
  },

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
