import { type AppModel, modelOf } from '../app/app-model.js'
import { isConsumer } from '../app/consuming/is-consumer.js'
import type { AppDefinition } from '../app/definition.js'
import { findDatabases } from '../app/find-databases.js'
import { type Installation, joinInstallation } from '../app/installation.js'
import type { Databases } from '../app/postgres/databases.js'
import { joinReadSide, type ReadSide } from '../app/read-side.js'
import { type Settings, settingsFor } from '../app/settings.js'
import type { Logger } from '../core/ports/logger.js'
import { type Side, SIDES } from '../postgres/migrate.js'
import { type AppModule, loadAppModule } from './app-module.js'
import { CliError } from './cli-error.js'
import type { CommandContext } from './command-context.js'
import { commandLogger } from './command-logger.js'
import { openWithin } from './open-within.js'

/** The app that a command is about, from its module, and ways to what it runs on. */
export class LoadedApp {
  readonly definition: AppDefinition
  readonly #container: AppModule['container']
  readonly #context: CommandContext

  private constructor({ definition, container }: AppModule, context: CommandContext) {
    this.definition = definition
    this.#container = container
    this.#context = context
  }

  static async load(context: CommandContext): Promise<LoadedApp> {
    return new LoadedApp(await loadAppModule(context.options.app), context)
  }

  /** @throws {@link DefinitionError} with every fault */
  get model(): AppModel {
    return modelOf(this.definition)
  }

  /** The sides that the app has. A service that only consumes has no store. */
  get sides(): readonly Side[] {
    return isConsumer(this.model) ? ['read'] : SIDES
  }

  /** Joins what the app's projections run on, for a piece of work. Nothing is migrated, created or recorded. */
  withReadSide<T>(work: (side: ReadSide) => Promise<T>): Promise<T> {
    return this.#whileOpen((settings) => joinReadSide(this.model, settings), work)
  }

  /**
   * Joins what the app runs on, its store among it, for a piece of work. Nothing is migrated, created or recorded.
   *
   * @throws {@link CliError} for a service that only consumes, which has no store
   */
  async withInstallation<T>(work: (installation: Installation) => Promise<T>): Promise<T> {
    const { name } = this.model
    if (isConsumer(this.model))
      throw new CliError(
        'USAGE',
        `${name} only consumes: it has no store, and so no events and no reservations`,
      )
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
    const container = this.#container === undefined ? {} : { container: this.#container }
    const settings = settingsFor(this.definition, { logger, ...container })
    const { timeout } = this.#context.options
    const opened = await openWithin(timeout, this.definition.name, () => open(settings, logger))
    isOpen = true
    try {
      this.#context.signal.throwIfAborted()
      return await work(opened)
    } finally {
      await opened.close()
    }
  }
}
