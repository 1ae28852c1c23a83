import { setTimeout as delay } from 'node:timers/promises'

/** Lets one at a time, in the order in which they ask. */
export class Turns {
  #last: Promise<unknown> = Promise.resolve()

  /**
   * Runs `work` when all that asked before are done. One that does not end is waited for `patience` milliseconds by whoever
   * comes next, and by nobody after that. `lost`: the signal came first, and nothing was run.
   */
  async take<T>(work: () => Promise<T>, patience: number, signal: AbortSignal): Promise<T | 'lost'> {
    const before = this.#last
    const reached = new AbortController()
    const ignored = (): void => undefined
    const waited = delay(patience, undefined, { signal: reached.signal, ref: false }).catch(ignored)
    const turn = Promise.race([before, waited]).finally(() => reached.abort())
    let done = ignored
    const own = new Promise<void>((resolve) => (done = resolve))
    this.#last = turn.then(() => own)
    try {
      const left = delay(patience, undefined, { signal: AbortSignal.any([signal, reached.signal]) })
      await Promise.race([turn, left.catch(ignored)])
      return signal.aborted ? 'lost' : await work()
    } finally {
      done()
    }
  }
}
