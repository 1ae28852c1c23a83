import type { Admin } from 'kafkajs'
import { RepriseError } from '../../core/errors/index.js'
import { asRepriseError, type KafkaClients, type KafkaSettings } from '../../kafka/index.js'

const RETRIES = 2

/**
 * A connection for questions about topics and groups. One piece of work has it at a time, because two share the
 * client's one picture of the cluster and would pull it from under each other. A client that failed is thrown away;
 * if it had served before, the work is done once more on a new one. Failures reject as this framework's errors.
 */
export class AdminConnection {
  readonly #settings: KafkaSettings
  readonly #clients: KafkaClients
  #admin: Admin | undefined
  #turn: Promise<unknown> = Promise.resolve()

  constructor(settings: KafkaSettings, clients: KafkaClients) {
    this.#settings = settings
    this.#clients = clients
  }

  /** `work` may run twice, so it must do no harm the second time. */
  use<T>(work: (admin: Admin) => Promise<T>): Promise<T> {
    const done = this.#turn.then(() => this.#run(work))
    this.#turn = done.catch(() => undefined)
    return done
  }

  async close(): Promise<void> {
    await this.#turn
    await this.#discard()
  }

  async #run<T>(work: (admin: Admin) => Promise<T>): Promise<T> {
    const served = this.#admin !== undefined
    try {
      return await work(await this.#connected())
    } catch (error) {
      if (RepriseError.is(error)) throw error
      await this.#discard()
      if (served) return this.#run(work)
      throw asRepriseError(this.#settings, error)
    }
  }

  async #connected(): Promise<Admin> {
    if (this.#admin === undefined) {
      this.#admin = this.#clients({ retries: RETRIES }).admin()
      await this.#admin.connect()
    }
    return this.#admin
  }

  async #discard(): Promise<void> {
    const admin = this.#admin
    this.#admin = undefined
    await admin?.disconnect().catch(() => undefined)
  }
}
