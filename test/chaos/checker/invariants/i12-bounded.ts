import { Findings, unknown } from '../verdict.js'
import type { Invariant } from './invariant.js'

export const bounded: Invariant = {
  id: 'I12',
  promise: 'memory of each process and connections of all stay within bounds',
  needs: ['samples'],
  check(evidence) {
    const { samples, run } = evidence.facts
    const findings = new Findings()
    let largest = 0
    let most = 0
    let weighed = 0
    for (const { at, connections, processes } of samples) {
      for (const { name, life, rss } of processes) {
        if (rss > 0) weighed++
        largest = Math.max(largest, rss)
        if (rss > run.rssLimit)
          findings.add(`${name}#${life} holds ${megabytes(rss)} MB, more than ${megabytes(run.rssLimit)}`, {
            at,
            weight: rss,
          })
      }
      most = Math.max(most, connections ?? 0)
      if ((connections ?? 0) > run.connectionLimit)
        findings.add(`${connections ?? 0} connections are open, more than ${run.connectionLimit}`, {
          at,
          weight: connections ?? 0,
        })
    }
    const counts = [
      ['MB at the most', megabytes(largest)],
      ['MB allowed', megabytes(run.rssLimit)],
      ['connections at the most', most],
      ['allowed', run.connectionLimit],
    ] as const
    if (weighed === 0 || most === 0) return unknown('memory or connections were not sampled', counts)
    return findings.judgement(counts)
  },
}

const megabytes = (bytes: number): number => Math.round(bytes / 1024 / 1024)
