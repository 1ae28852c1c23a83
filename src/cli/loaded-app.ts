import { type AppModel, modelOf } from '../app/app-model.js'
import type { AppDefinition } from '../app/definition.js'
import { findDatabases } from '../app/find-databases.js'
import { type Installation, joinInstallation } from '../app/installation.js'
import type { Databases } from '../app/postgres/databases.js'
import { settingsFor } from '../app/settings.js'
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
  async withInstallation<T>(work: (installation: Installation) => Promise<T>): Promise<T> {
    const logger = commandLogger(this.#context.terminal)
    const settings = settingsFor(this.definition, { logger })
    const installation = await joinInstallation(this.model, settings)
    try {
      this.#context.signal.throwIfAborted()
      return await work(installation)
    } finally {
      await installation.close()
    }
  }

  /** Opens the databases for a piece of work, whatever is in them; an embedded one is made only with `create`. */
  async withDatabases<T>(create: boolean, work: (databases: Databases) => Promise<T>): Promise<T> {
    const logger = commandLogger(this.#context.terminal)
    const settings = settingsFor(this.definition, { logger })
    const found = await findDatabases(this.definition.name, settings, logger, create)
    try {
      this.#context.signal.throwIfAborted()
      return await work(found.databases)
    } finally {
      await found.close()
    }
  }
}
