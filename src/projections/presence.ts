import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import type { Logger } from '../core/ports/logger.js'
import type { Feeders, Feeding } from './feeders.js'

export interface PresenceOptions {
  readonly feeders: Feeders
  /** Asked at each renewal. */
  readonly feeding: () => readonly Feeding[]
  /** Milliseconds after which a silent process is taken for gone. */
  readonly lease: number
  readonly logger: Logger
}

/**
 * Says of this process what it feeds, with one statement for all of it, as often as a lease is renewed. Where that cannot
 * be said, feeding goes on.
 *
 * States: created → kept → ended. Ended, nothing is said of it any more.
 */
export class Presence {
  readonly #options: PresenceOptions
  readonly #member = randomUUID()
  readonly #process = `${hostname()} ${process.pid}`
  #beat: NodeJS.Timeout | undefined
  #saying: Promise<void> = Promise.resolve()
  /** How often it is being said, or is to be. */
  #toSay = 0

  constructor(options: PresenceOptions) {
    this.#options = options
  }

  async keep(): Promise<void> {
    this.#beat = setInterval(() => this.#renew(), this.#options.lease / 3)
    await this.#say(this.#options.feeding)
  }

  async end(): Promise<void> {
    clearInterval(this.#beat)
    await this.#say(() => [])
  }

  /** Unless it is being said: with a database that is slow to answer the calls would become more and more. */
  #renew(): void {
    if (this.#toSay === 0) void this.#say(this.#options.feeding)
  }

  /** After what is being said. */
  #say(feeding: () => readonly Feeding[]): Promise<void> {
    const { feeders, lease, logger } = this.#options
    this.#toSay++
    this.#saying = this.#saying
      .then(() => feeders.renew(this.#member, this.#process, feeding(), lease))
      .catch((error: unknown) => {
        logger.debug({ error: String(error) }, 'it could not be noted what this process feeds')
      })
      .finally(() => this.#toSay--)
    return this.#saying
  }
}
