import { setTimeout as delay } from 'node:timers/promises'

/** Milliseconds that the first try may take, and the longest one. */
const FIRST = 25
const LONGEST = 400

/** After a try everybody else is let alone for so many times what it may have cost them. */
const PAUSE_FACTOR = 4

/**
 * How long to try for a lock that others queue behind meanwhile. Each try is more patient than the one before, since where
 * its holders follow closely on one another short ones could fail for ever; and the pauses grow with them.
 */
export class LockTries {
  #patience = FIRST

  /** Milliseconds that the next try may take. */
  get patience(): number {
    return this.#patience
  }

  /** To be called after a try that failed. */
  async pause(): Promise<void> {
    await delay(this.#patience * PAUSE_FACTOR)
    this.#patience = Math.min(LONGEST, this.#patience * 2)
  }
}
