import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { laneName } from '../../../src/log/index.js'
import { distribute, type GroupMember } from '../../../src/log/kafka/distribution.js'

const lanesOf = (count: number, topic = 't') =>
  Array.from({ length: count }, (_, partition) => ({ topic, partition }))

const member = (
  id: string,
  changes: Partial<Record<'owned' | 'declined' | 'topics', string[]>> = {},
): GroupMember => ({
  id,
  topics: changes.topics ?? ['t'],
  owned: new Set(changes.owned),
  declined: new Set(changes.declined),
})

/** Names of lanes by member. */
const shares = (lanes: ReturnType<typeof lanesOf>, members: readonly GroupMember[]) =>
  Object.fromEntries([...distribute(lanes, members)].map(([id, own]) => [id, own.map(laneName).sort()]))

const ids = fc.uniqueArray(fc.string({ minLength: 1, maxLength: 6 }), { minLength: 1, maxLength: 6 })

describe('distribute', () => {
  it('gives every lane to one member, and nobody two more than another, whatever members say of themselves', () => {
    const claims = fc.array(fc.nat({ max: 30 }), { maxLength: 30 })
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 24 }),
        ids,
        fc.array(claims, { minLength: 6 }),
        (count, names, said) => {
          const members = names.map((id, index) =>
            member(id, { owned: said[index]?.map((it) => `t/${it}`) ?? [] }),
          )
          const given = shares(lanesOf(count), members)

          expect(Object.values(given).flat().sort()).toEqual(lanesOf(count).map(laneName).sort())
          const sizes = Object.values(given).map(({ length }) => length)
          expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1)
        },
      ),
    )
  })

  it('answers the same in whatever order members and lanes come', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 12 }), ids, (count, names) => {
        const members = names.map((id) => member(id))
        expect(shares(lanesOf(count).reverse(), [...members].reverse())).toEqual(
          shares(lanesOf(count), members),
        )
      }),
    )
  })

  it('moves no more lanes than balance asks for when members join or leave', () => {
    const sizes = fc.integer({ min: 1, max: 6 })
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 24 }), sizes, sizes, (count, before, after) => {
        const named = (length: number) => Array.from({ length }, (_, index) => `m${index}`)
        const first = shares(
          lanesOf(count),
          named(before).map((id) => member(id)),
        )
        const second = shares(
          lanesOf(count),
          named(after).map((id) => member(id, { owned: first[id] ?? [] })),
        )
        const stayed = Object.entries(first).flatMap(([id, own]) =>
          own.filter((it) => second[id]?.includes(it)),
        )

        // The best that can be: everybody keeps what fits into his share.
        const [small, large] = [Math.floor(count / after), Math.ceil(count / after)]
        const fullShares = count - small * after
        const kept = Object.entries(first)
          .filter(([id]) => id in second)
          .map(([, own]) => own.length)
          .sort((one, other) => other - one)
          .reduce((sum, length, index) => sum + Math.min(length, index < fullShares ? large : small), 0)
        expect(stayed).toHaveLength(kept)
      }),
    )
  })

  it('leaves a lane that a member declines to the others, also beyond their share', () => {
    const declined = ['t/0', 't/1', 't/2', 't/3']
    const given = shares(lanesOf(4), [member('old', { owned: declined, declined }), member('new')])

    expect(given).toEqual({ old: [], new: declined })
  })

  it('gives a lane that all decline to one of them', () => {
    const given = shares(lanesOf(1), [member('a', { declined: ['t/0'] }), member('b', { declined: ['t/0'] })])

    expect(given).toEqual({ a: ['t/0'], b: [] })
  })

  it('gives nobody a lane of a topic that it does not read', () => {
    const lanes = [...lanesOf(2), ...lanesOf(2, 'u')]
    const given = shares(lanes, [member('a'), member('b', { topics: ['t', 'u'] })])

    expect(given).toEqual({ a: ['t/0', 't/1'], b: ['u/0', 'u/1'] })
  })
})
