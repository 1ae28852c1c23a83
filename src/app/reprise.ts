import type { App } from './app.js'
import type { AppDefinition, AppOptions } from './definition.js'
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
}
