import type { SampleFact } from '../../facts.js'
import { type Evidence, streamOf } from '../evidence.js'
import { pathOf } from '../event-path.js'
import { amountOf, isOfAccount, movesMoney, payloadOf } from '../folds/fold.js'
import { Findings, unknown } from '../verdict.js'
import type { Invariant } from './invariant.js'

export const constant: Invariant = {
  id: 'I8',
  promise: 'the money of all accounts is the same in every snapshot, and no account is overdrawn',
  needs: ['samples', 'events'],
  check(evidence) {
    const { samples, run } = evidence.facts
    const findings = new Findings()
    const total = BigInt(run.bank.total)
    const lowest = BigInt(run.bank.lowestBalance)
    let snapshots = 0
    let readSnapshots = 0
    for (const sample of samples) {
      if (sample.total !== null) {
        snapshots++
        report(findings, sample, 'the store', BigInt(sample.total), total)
      }
      const shown = shownIn(sample)
      if (shown !== undefined && sample.total !== null) {
        readSnapshots++
        report(findings, sample, 'balances, what is on its way and what is parked', shown, total)
      }
      if (sample.lowest !== null && BigInt(sample.lowest) < lowest)
        findings.add(`a read model shows a balance of ${sample.lowest}, below ${lowest}`, {
          at: sample.at,
          weight: Number(lowest - BigInt(sample.lowest)),
        })
    }
    checkHistory(evidence, lowest, findings)
    const counts = [
      ['snapshots of the store', snapshots],
      ['of the read side', readSnapshots],
    ] as const
    if (snapshots === 0) return unknown('no snapshot of all balances was taken', counts)
    if (readSnapshots === 0 && !run.separateDatabases)
      return unknown('no snapshot of the read side was taken', counts)
    return findings.judgement(counts)
  },
}

const shownIn = ({ readTotal, inFlight, parkedAmount }: SampleFact): bigint | undefined =>
  readTotal === null || inFlight === null || parkedAmount === null
    ? undefined
    : BigInt(readTotal) + BigInt(inFlight) + BigInt(parkedAmount)

function report(findings: Findings, { at }: SampleFact, what: string, found: bigint, total: bigint): void {
  if (found === total) return
  const apart = found - total
  findings.add(`${what} make ${found} in one snapshot, and ${total} is right`, {
    at,
    weight: Number(apart < 0n ? -apart : apart),
  })
}

/** Every balance that ever was, and both halves of every transfer. */
function checkHistory(evidence: Evidence, lowest: bigint, findings: Findings): void {
  const transfers = new Map<string, bigint>()
  for (const [, events] of evidence.streams) {
    let balance = 0n
    for (const event of events.filter(isOfAccount)) {
      balance += amountOf(event)
      if (balance < lowest)
        findings.add(`${streamOf(event)} has ${balance} at version ${event.version}, below ${lowest}`, {
          at: event.recordedAt,
          weight: Number(lowest - balance),
          path: () => pathOf(evidence, event),
        })
      if (!movesMoney(event)) continue
      const transfer = String(payloadOf(event)['transferId'])
      transfers.set(transfer, (transfers.get(transfer) ?? 0n) + amountOf(event))
    }
  }
  for (const [transfer, apart] of transfers)
    if (apart !== 0n)
      findings.add(`transfer ${transfer} is stored by halves: ${apart} too much`, {
        weight: Number(apart < 0n ? -apart : apart),
      })
}
