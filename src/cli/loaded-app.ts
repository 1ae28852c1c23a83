import { type AppModel, modelOf } from '../app/app-model.js'
import type { AppDefinition } from '../app/definition.js'
import { findDatabases } from '../app/find-databases.js'
import { type Installation, joinInstallation } from '../app/installation.js'
import type { Databases } from '../app/postgres/databases.js'
import { type Settings, settingsFor } from '../app/settings.js'
import type { Logger } from '../core/ports/logger.js'
import { loadAppModule } from './app-module.js'
import type { CommandContext } from './command-context.js'
import { commandLogger } from './command-logger.js'

/** The app that a command is about, from its module, and ways to what it runs on. */
export class LoadedApp {
  readonly definition: AppDefinition
  readonly #context: CommandContext

  private constructor(definition: AppDefinition, context: CommandContext) {
    this.definition = definition
    this.#context = context
  }

  static async load(context: CommandContext): Promise<LoadedApp> {
    return new LoadedApp(await loadAppModule(context.options.app), context)
  }

  /** @throws {@link DefinitionError} with every fault */
  get model(): AppModel {
    return modelOf(this.definition)
  }

  /** Joins what the app runs on for a piece of work. Nothing is migrated, created or recorded. */
  withInstallation<T>(work: (installation: Installation) => Promise<T>): Promise<T> {
    return this.#whileOpen((settings) => joinInstallation(this.model, settings), work)
  }

  /** Opens the databases for a piece of work, whatever is in them; an embedded one is made only with `create`. */
  withDatabases<T>(create: boolean, work: (databases: Databases) => Promise<T>): Promise<T> {
    return this.#whileOpen(
      (settings, logger) => findDatabases(this.definition.name, settings, logger, create),
      ({ databases }) => work(databases),
    )
  }

  async #whileOpen<O extends { close(): Promise<void> }, T>(
    open: (settings: Settings, logger: Logger) => Promise<O>,
    work: (opened: O) => Promise<T>,
  ): Promise<T> {
    // Warnings before that only announce the error which follows from them.
    let isOpen = false
    const logger = commandLogger(this.#context.terminal, () => isOpen)
    const opened = await open(settingsFor(this.definition, { logger }), logger)
    isOpen = true
    try {
      this.#context.signal.throwIfAborted()
      return await work(opened)
    } finally {
      await opened.close()
    }
  }
}
