import { describe, expect, it } from 'vitest'
import { FeedState } from '../../../src/app/health/feed-state.js'

const lane = (partition: number) => ({ topic: 'bank.account', partition })
const now = () => new Date()

describe('FeedState', () => {
  it('retries as long as one lane fails, whatever the others do', () => {
    const feed = new FeedState()
    feed.hooks.onTransient(lane(0), new Error('conflict'))
    feed.settled(lane(1))

    expect(feed.retriesSince(now())).toBeInstanceOf(Date)
    feed.settled(lane(0))
    expect(feed.retriesSince(now())).toBeUndefined()
  })

  it('has retried since the first of the failures that follow one another', () => {
    const feed = new FeedState()
    feed.hooks.onTransient(lane(0), new Error('one'))
    const since = feed.retriesSince(now())
    feed.hooks.onTransient(lane(0), new Error('two'))
    feed.hooks.onTransient(lane(1), new Error('three'))

    expect(feed.retriesSince(now())).toEqual(since)
    expect(feed.lastError?.message).toBe('three')
  })

  it('forgets a lane that is not tried any more: it went to another process', () => {
    const feed = new FeedState()
    feed.hooks.onTransient(lane(0), new Error('conflict'))

    expect(feed.retriesSince(new Date(Date.now() + 60_000))).toBeUndefined()
    expect(feed.lastError?.message).toBe('conflict')
  })

  it('keeps what an event was parked for, without trying anything again', () => {
    const feed = new FeedState()
    feed.hooks.onParked(lane(0), {
      sequenceKey: 'account-1',
      failure: {
        class: 'handler',
        name: 'TypeError',
        message: 'planted',
        stack: undefined,
        fingerprint: 'f1',
        attempts: 5,
        firstFailedAt: now(),
      },
    })

    expect(feed.lastError?.message).toBe('TypeError: planted')
    expect(feed.retriesSince(now())).toBeUndefined()
  })
})
