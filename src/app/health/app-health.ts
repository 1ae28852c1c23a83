import type { Log } from '../../log/index.js'
import type { Databases } from '../postgres/databases.js'
import type { Settings } from '../settings.js'
import { Health, type HealthOptions } from './health.js'
import { HealthServer } from './health-server.js'
import type { PartStates } from './part-states.js'
import { looksAt } from './postgres/looks.js'
import type { HealthReport } from './report.js'

export interface AppHealthOptions extends Pick<HealthOptions, 'projections' | 'commands' | 'relays'> {
  readonly databases: Databases
  readonly log: Log
  readonly settings: Pick<Settings, 'health'>
  readonly states: PartStates
  /** Partitions of the topics that the process has to do with. */
  readonly topics: ReadonlyMap<string, number>
  /** Whether there is a store. */
  readonly hasStore: boolean
}

/** How an app is, told to those who ask it and those who ask its port. */
export class AppHealth {
  readonly #health: Health
  readonly #options: AppHealthOptions
  readonly #closeLooks: () => Promise<void>
  #server: HealthServer | undefined

  constructor(options: AppHealthOptions) {
    const { databases, log, settings, states, topics, hasStore } = options
    const looks = looksAt(databases, hasStore)
    this.#options = options
    this.#closeLooks = () => looks.close()
    this.#health = new Health({
      ...options,
      states,
      store: looks.store,
      read: looks.read,
      topics: log.kind === 'postgres' ? undefined : log.topics,
      published: [...topics.keys()],
      connections: { store: hasStore ? databases.store : undefined, read: databases.read },
      stallAfter: settings.health.stallAfter,
    })
  }

  /** Where the port is that answers, if there is one. */
  get address(): string | undefined {
    return this.#server?.address
  }

  report(): Promise<HealthReport> {
    return this.#health.report()
  }

  /** @throws {@link ConfigurationError} when the port cannot be listened on */
  async listen(): Promise<void> {
    const { host, port } = this.#options.settings.health
    if (port !== undefined) this.#server = await HealthServer.listen(host, port, () => this.report())
  }

  running(): void {
    if (this.#health.phase === 'starting') this.#health.enter('running')
  }

  stopping(): void {
    this.#health.enter('stopping')
  }

  /** Ends the port, and the connections that looked. */
  async close(): Promise<void> {
    this.#health.enter('stopped')
    await this.#server?.close()
    this.#server = undefined
    await this.#closeLooks()
  }
}
