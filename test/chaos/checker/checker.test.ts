import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Evidence } from './evidence.js'
import type { FactName } from './facts.js'
import { INVARIANTS } from './invariants/index.js'
import { allHold, judge } from './judge.js'
import { BREAKAGES } from './simulated/breakages.js'
import { simulatedRun } from './simulated/run.js'
import { writable } from './simulated/writable.js'
import { verdictText } from './verdict-text.js'

const violatedIn = (facts: Parameters<typeof writable>[0]): readonly string[] =>
  judge(new Evidence(facts))
    .filter(({ state }) => state === 'violated')
    .map(({ id }) => id)

const inOrder = (ids: readonly string[]): readonly string[] =>
  ids.toSorted((a, b) => Number(a.slice(1)) - Number(b.slice(1)))

describe('a run in which everything is as it must be', () => {
  it('holds every invariant, whatever happened in it', () => {
    const runs = fc.property(
      fc.nat(),
      fc.constantFrom<'postgres' | 'kafka'>('postgres', 'kafka'),
      (seed, log) => {
        const verdicts = judge(new Evidence(simulatedRun(seed, log)))
        expect(verdicts.filter(({ state }) => state !== 'ok').map(verdictText)).toEqual([])
      },
    )
    fc.assert(runs, { numRuns: 20 })
  })
})

describe('a run in which', () => {
  it.each(BREAKAGES)('$what violates $violates, and nothing else', (breakage) => {
    const facts = writable(simulatedRun(1, breakage.log))
    breakage.break(facts)
    expect(violatedIn(facts)).toEqual(inOrder(breakage.violates))
  })

  it('each invariant is violated by something above', () => {
    const violated = new Set(BREAKAGES.flatMap(({ violates }) => (violates.length === 1 ? violates : [])))
    expect([...violated].toSorted()).toEqual(INVARIANTS.map(({ id }) => id).toSorted())
  })
})

describe('a run of which facts are missing', () => {
  const facts: readonly FactName[] = [
    'history',
    'events',
    'topics',
    'records',
    'reading',
    'samples',
    'effects',
    'timeline',
  ]

  it.each(facts)('is not taken for right without its %s', (name) => {
    const run = simulatedRun(1)
    const verdicts = judge(new Evidence({ ...run, missing: new Map([[name, 'no such file']]) }))
    expect(allHold(verdicts)).toBe(false)
    expect(verdicts.filter(({ state }) => state === 'unknown').map(({ missing }) => missing)).toContainEqual(
      expect.stringContaining('no such file'),
    )
  })

  it('is unknown where it was empty', () => {
    const { run, topics } = simulatedRun(1)
    const nothing = { history: [], events: [], records: [], samples: [], effects: [], timeline: [] }
    const reading = { takenAt: 0, projections: [] }
    const verdicts = judge(new Evidence({ run, topics, reading, ...nothing, missing: new Map() }))
    expect(verdicts.map(({ id, state }) => `${id} ${state}`)).toEqual(
      INVARIANTS.map(({ id }) => `${id} unknown`),
    )
  })
})

describe('the verdict on a violation', () => {
  it('tells the first and the worst with the whole way of the event', () => {
    const facts = writable(simulatedRun(1))
    const lost = facts.events.filter(({ streamId }) => streamId === 'l0').slice(0, 2)
    facts.records = facts.records.filter(({ headers }) =>
      lost.every(({ eventId }) => headers['ce_id'] !== eventId),
    )
    const text =
      judge(new Evidence(facts))
        .map(verdictText)
        .find((line) => line.startsWith('I3')) ?? ''
    const [head, ...rest] = text.split('\n')
    expect(head).toMatch(/^I3 {2}VIOLATED {2}\d+ events, \d+ records, \d+ duplicates, 2 missing$/)
    expect(rest.join('\n')).toMatch(/first: event event-\d+ is committed and in no topic/)
    expect(rest.join('\n')).toMatch(/command command-\d+ \(append, attempt 1\): client-1#1 asked/)
    expect(rest.join('\n')).toContain('in no topic')
    expect(rest.join('\n')).toMatch(/lists g1: guard at \d+/)
  })
})
