export type State = 'ok' | 'violated' | 'unknown'

/** Something that must not be, with the way of what it happened to. */
export interface Violation {
  readonly what: string
  /** When it showed, in milliseconds since 1970; undefined where no time is known. */
  readonly at?: number
  /** How much is wrong, to tell the worst: events, units of money, milliseconds, bytes. */
  readonly weight: number
  /** From the command to what readers see, one step per line. */
  readonly path: readonly string[]
}

/** What an invariant found. Its name and promise are added by who asked. */
export interface Judgement {
  readonly state: State
  /** What was looked at, in the order in which it is said. */
  readonly counts: readonly (readonly [what: string, count: number])[]
  readonly violations: number
  readonly first?: Violation
  readonly worst?: Violation
  /** Why nothing can be said. */
  readonly missing?: string
}

export interface Verdict extends Judgement {
  readonly id: string
  readonly promise: string
}

/** Gathers what is wrong, and keeps the first and the worst of it. */
export class Findings {
  #violations = 0
  #first: Violation | undefined
  #worst: Violation | undefined

  /** `path` is asked only for what is kept: a run may have very many. */
  add(what: string, { at, weight = 1, path = () => [] }: FindingDetails = {}): void {
    this.#violations++
    const isFirst = this.#first === undefined || (at ?? Infinity) < (this.#first.at ?? Infinity)
    const isWorst = this.#worst === undefined || weight > this.#worst.weight
    if (!isFirst && !isWorst) return
    const violation = { what, ...(at === undefined ? {} : { at }), weight, path: path() }
    if (isFirst) this.#first = violation
    if (isWorst) this.#worst = violation
  }

  judgement(counts: Judgement['counts']): Judgement {
    return {
      state: this.#violations === 0 ? 'ok' : 'violated',
      counts,
      violations: this.#violations,
      ...(this.#first === undefined ? {} : { first: this.#first }),
      ...(this.#worst === undefined ? {} : { worst: this.#worst }),
    }
  }
}

interface FindingDetails {
  readonly at?: number | undefined
  readonly weight?: number
  readonly path?: () => readonly string[]
}

/** Nothing can be said, which counts as a failure. */
export const unknown = (missing: string, counts: Judgement['counts'] = []): Judgement => ({
  state: 'unknown',
  counts,
  violations: 0,
  missing,
})
