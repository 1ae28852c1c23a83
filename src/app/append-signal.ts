import type { Notifications } from '../postgres/notifications.js'

/**
 * Wakes whoever waits for events when some were appended, by this process or another. A hint that can be lost, so whoever
 * waits looks by itself now and then.
 */
export class AppendSignal {
  readonly #notifications: Notifications
  readonly #channel: string
  readonly #waiters = new Set<() => void>()
  readonly #wake = (): void => this.#waiters.forEach((waiter) => waiter())
  #listening: Promise<unknown> | undefined

  /** `store` is the name of the store's schema: what is appended to others is none of ours. */
  constructor(notifications: Notifications, store: string) {
    this.#notifications = notifications
    this.#channel = `${store}_outbox`
  }

  /** Calls `waiter` after appends, until the answer is called. Resolves when other processes are heard as well. */
  async listen(waiter: () => void): Promise<() => void> {
    this.#waiters.add(waiter)
    this.#listening ??= this.#notifications.listen(this.#channel, this.#wake)
    try {
      await this.#listening
    } catch (error) {
      this.#listening = undefined
      this.#waiters.delete(waiter)
      throw error
    }
    return () => {
      this.#waiters.delete(waiter)
    }
  }

  /** This process appended something. Other processes are told only where one may be waiting for it. */
  announce(toOthers: boolean): void {
    // A notice wakes this process' own listeners as well.
    if (toOthers) this.#notifications.notify(this.#channel)
    else this.#wake()
  }
}
