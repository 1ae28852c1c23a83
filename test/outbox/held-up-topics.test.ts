import { describe, expect, it } from 'vitest'
import { HeldUpTopics } from '../../src/outbox/held-up-topics.js'
import { RecordingLogger } from '../support/recording-logger.js'

/** Topics over a clock that stands until it is moved. */
function heldUp() {
  const clock = { now: 0 }
  const logger = new RecordingLogger()
  return { clock, logger, topics: new HeldUpTopics(logger, 'events', () => clock.now) }
}

const failing = (...topics: readonly string[]): ReadonlyMap<string, Error> =>
  new Map(topics.map((topic) => [topic, new Error(`${topic} is closed`)]))

describe('HeldUpTopics', () => {
  it('leaves out each topic for a pause that grows with each failure, up to five seconds', () => {
    const { clock, topics } = heldUp()
    const pauses: number[] = []

    for (let failures = 0; failures < 10; failures++) {
      topics.failed(failing('a'))
      expect(topics.leftOut).toEqual(['a'])
      pauses.push(topics.nextTryIn)
      clock.now += topics.nextTryIn
      expect(topics.leftOut).toEqual([])
    }

    expect(pauses[0]).toBeLessThanOrEqual(100)
    expect(pauses[9]).toBeGreaterThanOrEqual(2_500)
    expect(Math.max(...pauses)).toBeLessThanOrEqual(5_000)
  })

  it('has no next try where none is left out, so that nobody waits for one that is over', () => {
    const { clock, topics } = heldUp()
    expect(topics.nextTryIn).toBe(Infinity)

    topics.failed(failing('a'))
    clock.now += 5_000

    expect(topics.nextTryIn).toBe(Infinity)
  })

  it('begins anew with a topic that took something, and tells both, once each', () => {
    const { logger, topics } = heldUp()
    topics.failed(failing('a', 'b'))
    topics.failed(failing('a'))

    topics.worked([{ topic: 'a' }, { topic: 'a' }, { topic: 'c' }])

    expect(topics.leftOut).toEqual(['b'])
    expect(logger.at('warn').map(({ facts }) => facts)).toMatchObject([
      { topic: 'a', error: 'Error: a is closed' },
      { topic: 'b', error: 'Error: b is closed' },
    ])
    expect(logger.at('info')).toMatchObject([{ facts: { topic: 'a', failures: 2 } }])
    topics.failed(failing('a'))
    expect(topics.nextTryIn).toBeLessThanOrEqual(100)
  })
})
