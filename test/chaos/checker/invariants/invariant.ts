import type { Evidence } from '../evidence.js'
import type { FactName } from '../facts.js'
import type { Judgement } from '../verdict.js'

/** One thing that must hold of every run. */
export interface Invariant {
  readonly id: string
  /** What holds, in words. */
  readonly promise: string
  /** Without these nothing can be said. */
  readonly needs: readonly FactName[]
  check(evidence: Evidence): Judgement
}
