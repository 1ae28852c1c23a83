import { mayBeOwn } from '../core/failure-class.js'
import { laneName } from '../log/index.js'
import type { HeldLane } from './held-lane.js'
import { isTransientFailure } from './transient-failure.js'

/** How often, and for how many milliseconds, the same record may meet what can be of its own making. */
const MOST_TIMES = 5
const PATIENCE = 60_000

export interface PassingFailuresOptions {
  readonly isTransient: (error: unknown) => boolean
  /** Milliseconds. @defaultValue 60000 */
  readonly patience?: number | undefined
}

/** A lane that has met it at one offset. */
interface Standing {
  readonly at: bigint
  readonly since: number
  readonly times: number
}

/**
 * Tells the failures that pass by themselves from those that only look like it: a statement that times out at the same
 * record again and again, for longer than a busy server explains, is the handler's, if events of other records are applied
 * all the while. Where none are, it may be anybody's: a locked table, say.
 */
export class PassingFailures {
  readonly #options: PassingFailuresOptions
  readonly #standing = new Map<string, Standing>()
  #appliedAt = -Infinity

  constructor(options: PassingFailuresOptions) {
    this.#options = options
  }

  /** Whether the same work at this offset, done again, can succeed. */
  passes({ lane }: HeldLane, at: bigint, error: unknown): boolean {
    const { isTransient, patience = PATIENCE } = this.#options
    if (!isTransientFailure(error, isTransient)) return false
    const standing = this.#standing.get(laneName(lane))
    if (standing?.at !== at || !mayBeOwn(error)) return true
    if (standing.times < MOST_TIMES || performance.now() - standing.since < patience) return true
    return this.#appliedAt < standing.since
  }

  /** Events were applied, in whichever lane. */
  applied(): void {
    this.#appliedAt = performance.now()
  }

  /** The lane is delivered again because of this failure. One that nobody makes himself begins everything anew. */
  note({ lane }: HeldLane, at: bigint, error: unknown): void {
    const name = laneName(lane)
    if (!mayBeOwn(error)) {
      this.#standing.delete(name)
      return
    }
    const known = this.#standing.get(name)
    const { since, times } = known?.at === at ? known : { since: performance.now(), times: 0 }
    this.#standing.set(name, { at, since, times: times + 1 })
  }
}
