/** How work that is there comes along: `behind` gets on, and takes too long; `stalled` does not get on at all. */
export type Pace = 'ok' | 'behind' | 'stalled'

/** The date of an instant of `performance.now()`, by the clock of the machine as it is set now. */
export const dateOf = (instant: number): Date => new Date(Date.now() - (performance.now() - instant))

interface Seen {
  next: bigint
  /** The first look that found it where it is, with something to do. */
  movedAt: number
  hadNothingToDo: boolean
  /** Where the work ended at some time, not reached since. */
  goal: { readonly end: bigint; readonly at: number }
}

/**
 * Tells work that gets on from work that stands still, by looking now and then. There being work proves nothing, nor does
 * standing still: only both together do, for long enough.
 */
export class ProgressWatch {
  readonly #patience: number
  readonly #seen = new Map<string, Seen>()

  /** Milliseconds that may pass before a judgement. */
  constructor(patience: number) {
    this.#patience = patience
  }

  /** `next` and `end` grow; what lies between is to be done. `now` in milliseconds, of a clock that is never set. */
  look(name: string, next: bigint, end: bigint, now: number): Pace {
    const seen = this.#seen.get(name) ?? { next, movedAt: now, hadNothingToDo: true, goal: { end, at: now } }
    this.#seen.set(name, seen)
    // What came since the look before may have come just now.
    if (next !== seen.next || seen.hadNothingToDo) Object.assign(seen, { next, movedAt: now })
    seen.hadNothingToDo = next >= end
    if (next >= seen.goal.end) seen.goal = { end, at: now }
    if (next >= end) return 'ok'
    if (now - seen.movedAt >= this.#patience) return 'stalled'
    return next < seen.goal.end && now - seen.goal.at >= this.#patience ? 'behind' : 'ok'
  }

  /** Since when it was not seen to get on, in the clock of {@link look}. */
  movedAt(name: string): number | undefined {
    return this.#seen.get(name)?.movedAt
  }
}
