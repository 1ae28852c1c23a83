import type { ComponentState } from './report.js'

interface Seen {
  readonly state: ComponentState
  readonly since: Date
  /** The last look that found it so. */
  readonly seen: Date
}

/** Remembers since when each component is in its state. */
export class StateClock {
  readonly #started = new Date()
  readonly #states = new Map<string, Seen>()

  /**
   * `begun` says better than a look when the state began: what calls found while nobody looked. Without, it began at the
   * first look that found it; or at the start, of what is well and was never found otherwise.
   */
  since(name: string, state: ComponentState, now: Date, begun?: Date): string {
    const since = this.#begunAt(this.#states.get(name), state, now, begun)
    this.#states.set(name, { state, since, seen: now })
    return since.toISOString()
  }

  #begunAt(before: Seen | undefined, state: ComponentState, now: Date, begun: Date | undefined): Date {
    // What began after the last look was interrupted meanwhile.
    if (before?.state === state) return begun !== undefined && begun > before.seen ? begun : before.since
    if (state !== 'ok') return begun ?? now
    // Calls that went well know nothing of what a look found.
    const well = begun ?? this.#started
    return before === undefined || well > before.seen ? well : now
  }
}
