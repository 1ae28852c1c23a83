import type { SampleFact } from '../../facts.js'
import type { Evidence } from '../evidence.js'
import type { Findings } from '../verdict.js'

/** Milliseconds that a process may take to notice, beyond two leases. */
const NOTICE = 5_000

/**
 * What processes said of themselves: not ready while the databases cannot be reached for longer than it takes to notice,
 * and ready again once all is level.
 */
export function checkHealth({ facts }: Evidence, findings: Findings): { readonly asked: number } {
  const { run, samples } = facts
  const notice = 2 * run.lease + NOTICE
  let asked = 0
  let downSince: number | undefined
  for (const sample of samples) {
    downSince = sample.stored === null ? (downSince ?? sample.at) : undefined
    for (const { name, life, ready, health } of answersIn(sample)) {
      asked++
      if (ready && downSince !== undefined && sample.at - downSince > notice)
        findings.add(
          `${name}#${life} says it is ready, and the database has been away for ${sample.at - downSince} ms`,
          {
            at: sample.at,
            weight: sample.at - downSince,
          },
        )
      if (!ready && isQuiet(sample, run.levelAt, run.endedAt, notice))
        findings.add(
          `${name}#${life} says it is not ready, though all is healed and level: ${JSON.stringify(health)}`,
          { at: sample.at },
        )
    }
  }
  return { asked }
}

const answersIn = ({ processes }: SampleFact) =>
  processes.flatMap(({ name, life, state, ready, health }) =>
    state === 'running' && ready !== null ? [{ name, life, ready, health: health ?? null }] : [],
  )

/** Between the time that everybody has noticed and the end, when processes are stopped. */
const isQuiet = ({ at }: SampleFact, levelAt: number | null, endedAt: number, notice: number): boolean =>
  levelAt !== null && at > levelAt + notice && at < endedAt
