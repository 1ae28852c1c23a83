import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { PlacedMessage } from '../../../src/log/kafka/batches.js'
import { Sieve } from '../../../src/log/kafka/sieve.js'
import { RepriseError } from '../../../src/core/errors/index.js'
import {
  type OutgoingContent,
  type OutgoingRecord,
  RecordsRefused,
  TopicsUnavailable,
} from '../../../src/log/index.js'

/** What a broker, or the encoding, has against a record. */
type Fault = 'none' | 'refused' | 'impossible'

interface Planned {
  readonly record: OutgoingContent
  readonly fault: Fault
}

describe('Sieve', () => {
  it('publishes what nothing is wrong with, in order, and names the first refused record of each key', async () => {
    const fault = fc.oneof(
      { arbitrary: fc.constant<Fault>('none'), weight: 8 },
      fc.constantFrom<Fault[]>('refused', 'impossible'),
    )
    const batches = fc.array(fc.tuple(fc.constantFrom('a', 'b', 'c', 'd'), fault), { maxLength: 60 })
    await fc.assert(
      fc.asyncProperty(batches, async (faults) => {
        const plan = planned(faults)
        const broker = new Broker(plan)

        const outcome = await broker.publish(plan.map(({ record }) => record))

        const { good, refused } = expectedOf(plan)
        expect(firstCopies(broker.taken)).toEqual(byKey(good))
        expect(new Set(broker.taken)).toEqual(new Set(good))
        expect(outcome?.refusals.map(({ record }) => record) ?? []).toHaveLength(refused.length)
        expect(new Set(outcome?.refusals.map(({ record }) => record))).toEqual(new Set(refused))
        if (outcome !== undefined) expect(new Set(outcome.published)).toEqual(new Set(good))
      }),
    )
  })

  it('finds one refused record among a thousand with few sends', async () => {
    const plan = planned(
      Array.from({ length: 1_000 }, (_, index) => [`key-${index}`, index === 617 ? 'refused' : 'none']),
    )
    const broker = new Broker(plan)

    const outcome = await broker.publish(plan.map(({ record }) => record))

    expect(outcome?.refusals).toEqual([{ record: plan[617]?.record, reason: 'it is too large' }])
    expect(broker.sends).toBeLessThanOrEqual(2 * Math.ceil(Math.log2(1_000)) + 2)
  })

  it('refuses no record for one send of it that was damaged on its way', async () => {
    const plan = planned([['a', 'none']])
    const broker = new Broker(plan, { damaged: [0] })

    expect(await broker.publish(plan.map(({ record }) => record))).toBeUndefined()
    expect(broker.taken).toEqual(plan.map(({ record }) => record))
  })

  it('gives up at once, and blames no record, when a send fails for another reason', async () => {
    const plan = planned([
      ['a', 'none'],
      ['b', 'refused'],
      ['c', 'none'],
    ])
    const broker = new Broker(plan, { unreachable: [2] })

    const publishing = broker.publish(plan.map(({ record }) => record))

    await expect(publishing).rejects.toThrow('unreachable')
    expect(broker.sends).toBe(3)
  })

  it('publishes to all topics but those that take nothing, of which it sends no later record either', async () => {
    const fault = fc.oneof(
      { arbitrary: fc.constant<Fault>('none'), weight: 8 },
      fc.constant<Fault>('refused'),
    )
    const one = fc.tuple(fc.constantFrom('a', 'b'), fault, fc.constantFrom('t', 'u', 'v'))
    const closed = fc.uniqueArray(fc.constantFrom<string[]>('t', 'u', 'v'), { minLength: 1 })
    await fc.assert(
      fc.asyncProperty(fc.array(one, { maxLength: 60 }), closed, async (faults, topics) => {
        // Large ones, so that it takes several sends, of which the later ones must not overtake.
        const plan = planned(
          faults.map(([key, fault, topic]) => [`${topic}-${key}`, fault, topic]),
          LARGE,
        )
        const broker = new Broker(plan, { closed: topics })
        const isOpen = ({ record }: Planned): boolean => !topics.includes(record.topic)

        const outcome = await broker.publish(plan.map(({ record }) => record)).catch(unavailable)

        const { good } = expectedOf(plan.filter(isOpen))
        expect(firstCopies(broker.taken)).toEqual(byKey(good))
        const shut = new Set(plan.filter((it) => !isOpen(it)).map(({ record }) => record.topic))
        expect(new Set(outcome instanceof TopicsUnavailable ? outcome.failures.keys() : [])).toEqual(shut)
        if (outcome !== undefined) expect(new Set(outcome.published)).toEqual(new Set(good))
      }),
    )
  })

  it('blames no topic for one send to it that failed: a client also fails for another one that it was sent before', async () => {
    const plan = planned([['a', 'none', 't']])
    const broker = new Broker(plan, { closed: ['t'], failures: 1 })

    expect(await broker.publish(plan.map(({ record }) => record))).toBeUndefined()
    expect(broker.taken).toEqual(plan.map(({ record }) => record))
  })

  it('sends topics that took nothing before last and alone, so that nothing is sent twice beside them', async () => {
    const plan = planned([
      ['a', 'none', 't'],
      ['a', 'none', 'u'],
      ['a', 'none', 'v'],
      ['b', 'none', 'w'],
    ])
    const broker = new Broker(plan, { closed: ['t', 'v'] })

    const outcome = await broker
      .publish(
        plan.map(({ record }) => record),
        undefined,
        new Set(['t', 'v']),
      )
      .catch(unavailable)

    expect(broker.sent).toEqual([['u', 'w'], ['t'], ['t'], ['v'], ['v']])
    expect(broker.taken).toEqual([plan[1]?.record, plan[3]?.record])
    expect(outcome).toMatchObject({ published: broker.taken })
  })

  it('sends nothing to a topic of which it is known that it takes nothing', async () => {
    const plan = planned([
      ['a', 'none', 't'],
      ['a', 'none', 'u'],
    ])
    const broker = new Broker(plan)
    const known = new Map([['t', new RepriseError('REPRISE_TOPIC_MISSING', 'it is missing', {})]])

    const outcome = await broker
      .publish(
        plan.map(({ record }) => record),
        known,
      )
      .catch(unavailable)

    expect(broker.taken).toEqual([plan[1]?.record])
    expect(outcome).toMatchObject({ failures: known, published: broker.taken })
  })
})

const unavailable = (error: unknown): TopicsUnavailable => {
  if (error instanceof TopicsUnavailable) return error
  throw error
}

const planned = (
  faults: readonly (readonly [key: string, fault: Fault, topic?: string])[],
  size = 0,
): readonly Planned[] =>
  faults.map(([key, fault, topic = 't'], index) => ({
    fault,
    record: {
      topic,
      key,
      headers: { n: index.toString() },
      value: Buffer.alloc(size),
      timestamp: new Date(0),
    },
  }))

/** Of which two do not go in one send. */
const LARGE = 300_000

class Refused extends Error {}

class Closed extends Error {}

/** Sends that fail, by number: called corrupt though nothing is wrong with their records, or without an answer. */
interface Spoiled {
  readonly damaged?: readonly number[]
  readonly unreachable?: readonly number[]
  /** Topics that take nothing until so many sends to them alone have failed. @defaultValue 2 */
  readonly closed?: readonly string[]
  readonly failures?: number
}

/** Topics of one partition each, whose broker takes a send whole or not at all. */
class Broker {
  readonly taken: OutgoingRecord[] = []
  sends = 0
  readonly #faults: ReadonlyMap<OutgoingRecord, Fault>
  readonly #spoiled: Spoiled
  readonly #closed: Map<string, number>
  /** The topics of each send. */
  readonly sent: (readonly string[])[] = []

  constructor(plan: readonly Planned[], spoiled: Spoiled = {}) {
    const { closed = [], failures = 2 } = spoiled
    this.#closed = new Map(closed.map((topic) => [topic, failures]))
    this.#faults = new Map(plan.map(({ record, fault }) => [record, fault]))
    this.#spoiled = spoiled
  }

  /** Answers the refusal, if there is one. */
  async publish(
    records: readonly OutgoingRecord[],
    unavailable?: ReadonlyMap<string, RepriseError>,
    suspects?: ReadonlySet<string>,
  ): Promise<RecordsRefused | undefined> {
    const sieve = new Sieve({
      place: (record): PlacedMessage => {
        if (this.#faults.get(record) === 'impossible') throw new TypeError('it has no encoding')
        const { topic, key, value } = record as OutgoingContent
        return { record, topic, partition: 0, message: { key, value: value as Buffer } }
      },
      send: (batch) => this.#send(batch.map(({ record }) => record)),
      refusalIn: (error) => (error instanceof Refused ? 'it is too large' : undefined),
      isOfTopics: (error) => error instanceof Closed,
      explain: (_, topic) =>
        Promise.resolve(new RepriseError('REPRISE_LOG_UNAVAILABLE', `${topic} is closed`, {})),
    })
    try {
      await sieve.publish(records, unavailable, suspects)
      return undefined
    } catch (error) {
      if (error instanceof RecordsRefused) return error
      throw error
    }
  }

  #send(records: readonly OutgoingRecord[]): Promise<void> {
    const { damaged = [], unreachable = [] } = this.#spoiled
    const send = this.sends++
    if (unreachable.includes(send)) return Promise.reject(new Error('unreachable'))
    const topics = [...new Set(records.map(({ topic }) => topic))]
    this.sent.push(topics)
    if (topics.some((topic) => (this.#closed.get(topic) ?? 0) > 0)) {
      const [one = '', ...others] = topics
      if (others.length === 0) this.#closed.set(one, (this.#closed.get(one) ?? 0) - 1)
      return Promise.reject(new Closed())
    }
    if (damaged.includes(send) || records.some((record) => this.#faults.get(record) === 'refused'))
      return Promise.reject(new Refused())
    this.taken.push(...records)
    return Promise.resolve()
  }
}

function expectedOf(plan: readonly Planned[]) {
  const good: OutgoingRecord[] = []
  const refused: OutgoingRecord[] = []
  const heldBack = new Set<string>()
  for (const { record, fault } of plan) {
    if (heldBack.has(record.key)) continue
    if (fault === 'none') {
      good.push(record)
      continue
    }
    heldBack.add(record.key)
    refused.push(record)
  }
  return { good, refused }
}

const byKey = (records: readonly OutgoingRecord[]): ReadonlyMap<string, readonly OutgoingRecord[]> => {
  const keys = new Map<string, OutgoingRecord[]>()
  for (const record of records) keys.set(record.key, [...(keys.get(record.key) ?? []), record])
  return keys
}

const firstCopies = (taken: readonly OutgoingRecord[]) => byKey([...new Set(taken)])
