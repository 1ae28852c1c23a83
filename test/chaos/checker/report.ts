import type { RunFacts } from '../facts.js'
import { type Evidence } from './evidence.js'
import { type Figures, figuresOf } from './figures.js'
import { allHold, judge } from './judge.js'
import type { Verdict } from './verdict.js'

/** All that is said of a run: what `report.json` holds, and what the page shows. */
export interface Report {
  readonly holds: boolean
  readonly verdicts: readonly Verdict[]
  readonly figures: Figures
  readonly run: RunFacts
}

export function reportOn(evidence: Evidence): Report {
  const verdicts = judge(evidence)
  return { holds: allHold(verdicts), verdicts, figures: figuresOf(evidence), run: evidence.facts.run }
}
