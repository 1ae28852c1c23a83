import { setTimeout as delay } from 'node:timers/promises'
import { BackOff } from '../../../core/back-off.js'
import type { Logger } from '../../../core/ports/logger.js'
import { Trouble } from '../../../core/trouble.js'
import { exclusively } from '../../local-servers/exclusively.js'
import { findRunningServer } from './running-server.js'
import { adoptOrStart, type ServerStart } from './start-server.js'

export interface KeptServer extends ServerStart {
  /** Where this process' connections lead: the server has to come back there. */
  readonly port: number
}

/** Milliseconds between looks: a pid file, and what the system says of that process. */
const LOOK_EVERY = 500
/** Longer than a start may take, as others start servers under the lock as well. */
const LOCK_WITHIN = 180_000
const LONGEST_PAUSE = 10_000

/**
 * Starts the server again whenever it is gone while this process uses it: killed, crashed, or stopped by hand. Whoever of
 * its users holds the folder's lock first does so, and the others find it running. Connections come back by themselves,
 * since it keeps its port. A start that fails is told and tried again, after a pause that grows.
 *
 * States: watching → restarting → watching → stopped. It keeps no process alive.
 */
export class ServerKeeper {
  readonly #server: KeptServer
  readonly #logger: Logger
  readonly #backOff = new BackOff(200, LONGEST_PAUSE)
  readonly #stopping = new AbortController()
  readonly #timer: NodeJS.Timeout
  #looking: Promise<void> | undefined

  constructor(server: KeptServer, logger: Logger) {
    this.#server = server
    this.#logger = logger
    this.#timer = setInterval(() => {
      this.#looking ??= this.#look().finally(() => (this.#looking = undefined))
    }, LOOK_EVERY)
    this.#timer.unref()
  }

  /** Restarts nothing any more when it resolves; waits for a restart under way. */
  async stop(): Promise<void> {
    this.#stopping.abort()
    clearInterval(this.#timer)
    await this.#looking
  }

  async #look(): Promise<void> {
    const { folder } = this.#server
    if ((await findRunningServer(folder.cluster)) !== undefined) return
    this.#logger.warn({ folder: folder.path }, 'the embedded Postgres is gone, and is started again')
    const trouble = new Trouble(this.#logger, {
      fails: 'the embedded Postgres does not come back yet',
      over: 'the embedded Postgres could be started',
    })
    while (!this.#stopping.signal.aborted) {
      try {
        await exclusively(folder.lock, LOCK_WITHIN, () => this.#restart())
        this.#backOff.reset()
        trouble.worked()
        return
      } catch (error) {
        const pause = this.#backOff.next()
        const reason = error instanceof Error ? error.message : String(error)
        trouble.failed({ error: reason, retryInMs: Math.round(pause) })
        await delay(pause, undefined, { ref: false, signal: this.#stopping.signal }).catch(() => undefined)
      }
    }
  }

  async #restart(): Promise<void> {
    if (this.#stopping.signal.aborted) return
    const begun = performance.now()
    const { port, adopted } = await adoptOrStart(this.#server)
    const facts = { port, milliseconds: Math.round(performance.now() - begun) }
    if (port !== this.#server.port) {
      const facts = { port, expected: this.#server.port }
      this.#logger.error(facts, 'the embedded Postgres came back at another port: start this process again')
    } else if (adopted)
      this.#logger.info(facts, 'the embedded Postgres runs again, started by another process')
    else this.#logger.warn(facts, 'the embedded Postgres runs again')
  }
}
