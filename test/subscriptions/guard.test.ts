import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { StreamRef } from '../../src/core/stream.js'
import { inSequence, type Versioned, VersionsMissing } from '../../src/subscriptions/index.js'

interface Told extends Versioned {
  readonly from: 'topic' | 'store'
}

const stream = (id: string): StreamRef => ({ type: 'account', id })
const told = (id: string, version: number, from: Told['from'] = 'topic'): Told => ({
  stream: stream(id),
  version,
  from,
})
const nothing = (): Promise<readonly Told[]> => Promise.resolve([])

/** A store that holds versions up to a head for every stream, and remembers what was asked of it. */
function storeUpTo(head: number) {
  const asked: string[] = []
  const fetch = ({ id }: StreamRef, from: number, to: number): Promise<readonly Told[]> => {
    asked.push(`${id} ${from}..${to}`)
    const versions = Array.from({ length: to - from + 1 }, (_, index) => from + index)
    return Promise.resolve(
      versions.filter((version) => version <= head).map((version) => told(id, version, 'store')),
    )
  }
  return { asked, fetch }
}

describe('inSequence', () => {
  it('takes the next version, and leaves out what was applied', async () => {
    const versions = new Map([['account-a', 2]])

    const sequence = await inSequence(
      [told('a', 1), told('a', 2), told('a', 3), told('a', 3)],
      versions,
      nothing,
    )

    expect(sequence).toEqual([told('a', 3)])
    expect(versions).toEqual(new Map([['account-a', 3]]))
  })

  it('begins a stream that it does not know at version 1', async () => {
    const versions = new Map<string, number>()

    expect(await inSequence([told('a', 1)], versions, nothing)).toEqual([told('a', 1)])
    await expect(inSequence([told('b', 2)], versions, nothing)).rejects.toThrow(VersionsMissing)
  })

  it('puts fetched versions before the one that showed that they are missing', async () => {
    const { asked, fetch } = storeUpTo(9)

    const sequence = await inSequence([told('b', 1), told('a', 4)], new Map([['account-a', 1]]), fetch)

    expect(asked).toEqual(['a 2..3'])
    expect(sequence).toEqual([told('b', 1), told('a', 2, 'store'), told('a', 3, 'store'), told('a', 4)])
  })

  it('stops at a version whose predecessors are nowhere, and says which those are', async () => {
    const { fetch } = storeUpTo(2)

    await expect(inSequence([told('a', 5)], new Map([['account-a', 1]]), fetch)).rejects.toThrow(
      'version 5 of account-a arrived after version 1, and the versions between are in neither the topic nor the store',
    )
  })

  it('makes every delivery of a topic into each version once and in order', async () => {
    const streams = ['a', 'b', 'c']
    const deliveries = fc.array(fc.tuple(fc.constantFrom(...streams), fc.integer({ min: 1, max: 8 })))
    const applied = fc.record({ a: fc.nat(4), b: fc.nat(4), c: fc.nat(4) })

    await fc.assert(
      fc.asyncProperty(deliveries, applied, async (delivered, before) => {
        const versions = new Map(Object.entries(before).map(([id, version]) => [`account-${id}`, version]))

        const events = delivered.map(([id, version]) => told(id, version))
        const sequence = await inSequence(events, versions, storeUpTo(8).fetch)

        for (const id of streams) {
          const from = before[id as 'a' | 'b' | 'c']
          const highest = Math.max(
            from,
            ...delivered.flatMap(([it, version]) => (it === id ? [version] : [])),
          )
          const taken = sequence.filter((event) => event.stream.id === id).map(({ version }) => version)
          expect(taken).toEqual(Array.from({ length: highest - from }, (_, index) => from + 1 + index))
          expect(versions.get(`account-${id}`)).toBe(highest)
        }
      }),
    )
  })

  it('gives the same in two batches as in one, wherever a batch ends', async () => {
    const deliveries = fc.array(fc.tuple(fc.constantFrom('a', 'b'), fc.integer({ min: 1, max: 6 })))

    await fc.assert(
      fc.asyncProperty(deliveries, fc.nat(), async (delivered, cut) => {
        const events = delivered.map(([id, version]) => told(id, version))
        const at = events.length === 0 ? 0 : cut % events.length
        const { fetch } = storeUpTo(6)

        const whole = await inSequence(events, new Map(), fetch)
        const versions = new Map<string, number>()
        const first = await inSequence(events.slice(0, at), versions, fetch)
        const again = await inSequence(events.slice(0, at), versions, fetch)
        const rest = await inSequence(events.slice(at), versions, fetch)

        expect(again).toEqual([])
        expect([...first, ...rest].map(({ version }) => version)).toEqual(whole.map(({ version }) => version))
      }),
    )
  })
})
