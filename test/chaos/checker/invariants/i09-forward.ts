import type { CheckpointFact } from '../../facts.js'
import { Findings, unknown } from '../verdict.js'
import type { Invariant } from './invariant.js'

interface SeenCheckpoint extends CheckpointFact {
  readonly projection: string
  readonly generation: number
}

export const forward: Invariant = {
  id: 'I9',
  promise: 'checkpoints and their epochs never go back within a generation',
  needs: ['samples', 'reading'],
  check(evidence) {
    const { samples, reading } = evidence.facts
    const findings = new Findings()
    const last = new Map<string, { at: number; checkpoint: SeenCheckpoint }>()
    const look = (at: number, checkpoint: SeenCheckpoint): void => {
      const lane = `${checkpoint.projection} g${checkpoint.generation} ${checkpoint.topic}/${checkpoint.partition}`
      const before = last.get(lane)
      if (before !== undefined) compare(findings, lane, before.checkpoint, checkpoint, at)
      last.set(lane, { at, checkpoint })
    }
    let seen = 0
    for (const { at, checkpoints } of samples)
      for (const checkpoint of checkpoints ?? []) {
        seen++
        look(at, checkpoint)
      }
    for (const { name: projection, generation, checkpoints } of reading.projections)
      for (const checkpoint of checkpoints) look(reading.takenAt, { ...checkpoint, projection, generation })
    const counts = [
      ['lanes', last.size],
      ['checkpoints seen', seen],
    ] as const
    return seen === 0 ? unknown('no checkpoint was sampled', counts) : findings.judgement(counts)
  },
}

function compare(
  findings: Findings,
  lane: string,
  before: SeenCheckpoint,
  after: SeenCheckpoint,
  at: number,
): void {
  for (const [what, was, is] of [
    ['checkpoint', before.nextOffset, after.nextOffset],
    ['epoch', before.epoch, after.epoch],
  ] as const) {
    const back = BigInt(was) - BigInt(is)
    if (back > 0n)
      findings.add(`the ${what} of ${lane} went back from ${was} to ${is}`, { at, weight: Number(back) })
  }
}
