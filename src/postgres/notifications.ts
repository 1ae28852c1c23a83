import type { Pool, PoolClient } from 'pg'
import type { Logger } from '../core/ports/logger.js'

/**
 * Wake-up calls between processes by LISTEN and NOTIFY: a hint that something was committed, never the fact itself.
 *
 * A call can be lost with the connection, so every listener also looks by itself now and then. {@link notify} is sent
 * outside of any transaction that matters, since NOTIFY takes a lock on the whole database at commit, and calls that
 * come while one is being sent are merged into the next.
 *
 * States: closed → listening (one connection held) → reconnecting (after a loss, with a pause) → listening → closed.
 */
export class Notifications {
  readonly #pool: Pool
  readonly #logger: Logger
  readonly #listeners = new Map<string, Set<() => void>>()
  readonly #sending = new Map<string, 'once' | 'again'>()
  #client: PoolClient | undefined
  /** The last statement on the connection: one comes after the other, since a connection takes no two at a time. */
  #asked: Promise<unknown> = Promise.resolve()
  #connecting: Promise<void> | undefined
  #retry: NodeJS.Timeout | undefined
  #closed = false

  constructor(pool: Pool, logger: Logger) {
    this.#pool = pool
    this.#logger = logger
  }

  /** Calls `wake` after every notice on the channel, and once after each reconnection. Answers how to stop it. */
  async listen(channel: string, wake: () => void): Promise<() => void> {
    const wakers = this.#listeners.get(channel) ?? new Set()
    this.#listeners.set(channel, wakers.add(wake))
    await this.#connect()
    if (this.#client !== undefined) await this.#hear(this.#client, channel)
    return () => {
      wakers.delete(wake)
    }
  }

  /** Wakes this process at once and the others soon. Never rejects. */
  notify(channel: string): void {
    this.#wake(channel)
    if (this.#closed) return
    if (this.#sending.has(channel)) {
      this.#sending.set(channel, 'again')
      return
    }
    void this.#send(channel)
  }

  async close(): Promise<void> {
    this.#closed = true
    clearTimeout(this.#retry)
    // Whether a connection under way succeeds matters no more.
    await this.#connecting?.catch(() => undefined)
    this.#client?.release(true)
    this.#client = undefined
    this.#listeners.clear()
  }

  async #send(channel: string): Promise<void> {
    do {
      this.#sending.set(channel, 'once')
      try {
        await this.#pool.query('SELECT pg_notify($1, $2)', [channel, ''])
      } catch (error) {
        this.#logger.debug(
          { channel, error: String(error) },
          'a wake-up call could not be sent; listeners will look by themselves',
        )
      }
    } while (this.#sending.get(channel) === 'again')
    this.#sending.delete(channel)
  }

  #wake(channel: string): void {
    this.#listeners.get(channel)?.forEach((wake) => wake())
  }

  async #connect(): Promise<void> {
    if (this.#client !== undefined || this.#closed) return
    this.#connecting ??= this.#open().finally(() => (this.#connecting = undefined))
    await this.#connecting
  }

  async #open(): Promise<void> {
    const client = await this.#pool.connect()
    client.on('notification', ({ channel }) => this.#wake(channel))
    client.on('error', () => this.#lost(client))
    client.on('end', () => this.#lost(client))
    this.#client = client
    this.#asked = Promise.resolve()
    for (const channel of this.#listeners.keys()) await this.#hear(client, channel)
  }

  /** What is begun at the same time, as by the projections of an app, asks here at the same time. */
  #hear(client: PoolClient, channel: string): Promise<unknown> {
    const heard = this.#asked.then(() => client.query(`LISTEN ${quotedChannel(channel)}`))
    this.#asked = heard.catch(() => undefined)
    return heard
  }

  #lost(client: PoolClient): void {
    if (this.#client !== client) return
    this.#client = undefined
    client.release(true)
    this.#reconnectSoon()
  }

  #reconnectSoon(): void {
    if (this.#closed) return
    this.#retry = setTimeout(() => {
      this.#connect().then(
        () => this.#listeners.forEach((_, channel) => this.#wake(channel)),
        () => this.#reconnectSoon(),
      )
    }, RECONNECT_PAUSE)
    this.#retry.unref()
  }
}

const RECONNECT_PAUSE = 1_000

const quotedChannel = (channel: string): string => `"${channel.replaceAll('"', '""')}"`
