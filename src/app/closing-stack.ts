import { setTimeout as delay } from 'node:timers/promises'

/** Told at the deadline what has not ended. */
export interface ClosingDeadline {
  readonly milliseconds: number
  /** Ends what is waited for by force. */
  readonly cut: () => void
  readonly failure: (unfinished: string) => Error
}

interface Step {
  readonly name: string
  readonly close: () => Promise<unknown>
}

/** Milliseconds that a step has after the deadline: one that hangs must not keep those after it from being begun. */
const AFTER_CUT = 250
/** Milliseconds for all of them to come to their ends. */
const LONGEST_END = 3_000

/** What has to be closed, last first. */
export class ClosingStack {
  readonly #steps: Step[] = []
  readonly #deadline = new AbortController()
  #current = ''
  #closed: Promise<void> | undefined

  add(close: () => Promise<unknown>, name = 'a connection'): void {
    this.#steps.push({ name, close })
  }

  /** Closes all of it, also where one of them fails; rejects with the first failure then. A second call does nothing more. */
  close(): Promise<void> {
    this.#closed ??= this.#closeAll()
    return this.#closed
  }

  /** As {@link close}. What has not ended at the deadline is cut, and rejects with the deadline's failure. */
  async closeWithin({ milliseconds, cut, failure }: ClosingDeadline): Promise<void> {
    const closing = this.close()
    if (await settlesWithin(closing, milliseconds)) return closing
    const unfinished = this.#current
    cut()
    this.#deadline.abort()
    await settlesWithin(closing, LONGEST_END)
    throw failure(unfinished)
  }

  async #closeAll(): Promise<void> {
    const failures: unknown[] = []
    for (const { name, close } of this.#steps.reverse()) {
      this.#current = name
      try {
        await this.#inTime(close())
      } catch (error) {
        failures.push(error)
      }
    }
    if (failures.length > 0) throw failures[0]
  }

  #inTime(step: Promise<unknown>): Promise<unknown> {
    return Promise.race([step, this.#aMomentAfterTheDeadline()])
  }

  async #aMomentAfterTheDeadline(): Promise<void> {
    const { signal } = this.#deadline
    if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve))
    await delay(AFTER_CUT, undefined, { ref: false })
  }
}

async function settlesWithin(work: Promise<unknown>, milliseconds: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), milliseconds)
  })
  const settled = work.then(
    () => true,
    () => true,
  )
  return Promise.race([settled, late]).finally(() => clearTimeout(timer))
}
