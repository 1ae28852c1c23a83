import type { Admin } from 'kafkajs'
import { LogUnavailable, RepriseError } from '../../core/errors/index.js'
import { asRepriseError, clusterName, type KafkaClients, type KafkaSettings } from '../../kafka/index.js'
import { settlesWithin } from './settles-within.js'

const RETRIES = 2

/**
 * Milliseconds for connecting, and then for a piece of work. The client gives up before, if it does: connecting to a broker
 * that does not answer ends after three tries of 8 s at the most, and a request after three of 5 s, with pauses of less than
 * a second between them. What takes longer than this has hung, and would keep everybody behind it waiting for good.
 */
const ANSWERED_WITHIN = 30_000
/** Milliseconds that a client gets to end its connections when the log is closed. */
const LET_GO_WITHIN = 5_000

/**
 * A connection for questions about topics and groups. One piece of work has it at a time, because two share the
 * client's one picture of the cluster and would pull it from under each other. A client that failed is thrown away;
 * if it had served before, the work is done once more on a new one. So is one that does not come to an end, which only
 * rejects: whoever is next gets a new one. Failures reject as this framework's errors, and so does another cluster behind
 * the addresses that the first one had.
 */
export class AdminConnection {
  readonly #settings: KafkaSettings
  readonly #clients: KafkaClients
  readonly #answeredWithin: number
  #admin: Admin | undefined
  #turn: Promise<unknown> = Promise.resolve()
  #cluster: string | undefined
  #closed = false

  /** `answeredWithin`: milliseconds after which a client that was asked something has hung. */
  constructor(settings: KafkaSettings, clients: KafkaClients, answeredWithin = ANSWERED_WITHIN) {
    this.#settings = settings
    this.#clients = clients
    this.#answeredWithin = answeredWithin
  }

  /**
   * The log that all work is done on: `kafka:<cluster id>`.
   *
   * @throws {@link RepriseError} with code `REPRISE_LOG_MISMATCH` when another cluster has its addresses now
   */
  identity(): Promise<string> {
    return this.use((admin) => this.#requireCluster(admin))
  }

  /**
   * `work` may run twice, so it must do no harm the second time.
   *
   * @throws {@link LogUnavailable} when the brokers do not answer, or the client does not end what it was asked; what `work`
   * throws of this framework's
   */
  use<T>(work: (admin: Admin) => Promise<T>): Promise<T> {
    const done = this.#turn.then(() => this.#run(work))
    this.#turn = done.catch(() => undefined)
    return done
  }

  /** Waits for the work under way; what waits behind it rejects. */
  async close(): Promise<void> {
    this.#closed = true
    await this.#turn
    await settlesWithin(this.#discard(), LET_GO_WITHIN)
  }

  async #run<T>(work: (admin: Admin) => Promise<T>): Promise<T> {
    if (this.#closed) throw this.#unavailable('its connection was closed')
    const served = this.#admin !== undefined
    try {
      const admin = await this.#inTime(this.#connected())
      return await this.#inTime(work(admin))
    } catch (error) {
      if (RepriseError.is(error)) throw error
      void this.#discard()
      if (served) return this.#run(work)
      throw asRepriseError(this.#settings, error)
    }
  }

  /** Leaves a client that has hung behind: it may not even disconnect. */
  async #inTime<T>(step: Promise<T>): Promise<T> {
    if (await settlesWithin(step, this.#answeredWithin)) return step
    void this.#discard()
    throw this.#unavailable(`the client did not end what it was asked within ${this.#answeredWithin} ms`)
  }

  async #connected(): Promise<Admin> {
    if (this.#admin !== undefined) return this.#admin
    const admin = this.#clients({ retries: RETRIES }).admin()
    this.#admin = admin
    await admin.connect()
    await this.#requireCluster(admin)
    return admin
  }

  async #requireCluster(admin: Admin): Promise<string> {
    const found = `kafka:${(await admin.describeCluster()).clusterId}`
    this.#cluster ??= found
    if (found === this.#cluster) return found
    void this.#discard()
    throw anotherCluster(clusterName(this.#settings), this.#cluster, found)
  }

  async #discard(): Promise<void> {
    const admin = this.#admin
    this.#admin = undefined
    await admin?.disconnect().catch(() => undefined)
  }

  #unavailable(reason: string): LogUnavailable {
    return new LogUnavailable(clusterName(this.#settings), reason)
  }
}

const anotherCluster = (address: string, known: string, found: string): RepriseError =>
  new RepriseError(
    'REPRISE_LOG_MISMATCH',
    `expected ${known} behind ${address}, found ${found}: give it the address of the cluster that it was begun on`,
    { known, found },
  )
