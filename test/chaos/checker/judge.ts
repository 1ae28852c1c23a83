import type { Evidence } from './evidence.js'
import { FACT_FILES } from './facts.js'
import type { Invariant } from './invariants/invariant.js'
import { INVARIANTS } from './invariants/index.js'
import { type Judgement, unknown, type Verdict } from './verdict.js'

/** One verdict per invariant, in their order. Facts that are missing, or that it cannot follow, make it `unknown`. */
export const judge = (evidence: Evidence): readonly Verdict[] =>
  INVARIANTS.map((invariant) => ({
    id: invariant.id,
    promise: invariant.promise,
    ...judgementOf(invariant, evidence),
  }))

function judgementOf(invariant: Invariant, evidence: Evidence): Judgement {
  const missing = invariant.needs.filter((name) => evidence.facts.missing.has(name))
  if (missing.length > 0)
    return unknown(
      missing.map((name) => `${FACT_FILES[name]}: ${evidence.facts.missing.get(name) ?? ''}`).join('; '),
    )
  try {
    return invariant.check(evidence)
  } catch (error) {
    return unknown(
      `the facts could not be followed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
    )
  }
}

/** Whether every invariant was looked at, and holds. */
export const allHold = (verdicts: readonly Verdict[]): boolean =>
  verdicts.every(({ state }) => state === 'ok')
