import { describe, expect, it } from 'vitest'
import { FeedState } from '../../../src/app/health/feed-state.js'
import type { LaneLook } from '../../../src/app/health/postgres/read-look.js'
import { ProgressWatch } from '../../../src/app/health/progress-watch.js'
import { projectionHealth } from '../../../src/app/health/projection-health.js'
import type { Sample } from '../../../src/app/health/sampling.js'
import { TriesWatch } from '../../../src/app/health/tries-watch.js'

const TRIED_SINCE = new Date('2026-03-01T10:00:00.000Z')

const lane = (partition: number, attempts: number): LaneLook => ({
  topic: 'bank.account',
  partition,
  next: 5n,
  waiting: null,
  since: null,
  attempts,
  triedSince: attempts === 0 ? null : TRIED_SINCE,
})

/** Of a projection whose lanes have work that nothing was done of for as long as may be. */
const healthOf = (...lanes: readonly LaneLook[]) => healthIn(new FeedState(), lanes)

/** Of one that is fed here, whose lanes are to be read up to this offset, and may take their time. */
const healthFedTo = (end: bigint, feed: FeedState, ...lanes: readonly LaneLook[]) =>
  healthIn(feed, lanes, { end, fedHere: true, stallAfter: 60_000 })

function healthIn(
  feed: FeedState,
  lanes: readonly LaneLook[],
  { end = 9n, fedHere = false, stallAfter = 0 } = {},
) {
  const look = {
    name: 'balances',
    generation: 1,
    state: 'running',
    failure: null,
    parked: 0,
    parkedSince: null,
    lanes,
  } as const
  const sample: Sample = {
    store: undefined,
    read: {
      projections: new Map([['balances', look]]),
      letters: {
        unpublished: 0n,
        firstRow: null,
        oldestAgeMs: null,
        refused: 0n,
        refusal: null,
        heldSlots: 0n,
        expiredSlots: 0n,
        silentRelays: 0n,
        relays: 0n,
      },
    },
    ends: lanes.map(({ topic, partition }) => ({ topic, partition, earliest: 0n, end })),
    unread: new Map(),
  }
  return projectionHealth(
    {
      kind: 'projection',
      name: 'balances',
      topics: ['bank.account'],
      ordered: undefined,
      inline: false,
      fedHere,
      failure: () => undefined,
      aside: () => undefined,
    },
    sample,
    feed,
    { progress: new ProgressWatch(stallAfter), tries: new TriesWatch(0) },
    new Date(),
  )
}

describe('projectionHealth', () => {
  it('says of a lane that others try again by count that it is retried, since the first of these tries', () => {
    expect(healthOf(lane(0, 3))).toMatchObject({ state: 'retrying', begun: TRIED_SINCE, stalls: [] })
  })

  it('says stalled where another lane stands still that nobody tries', () => {
    expect(healthOf(lane(0, 3), lane(1, 0))).toMatchObject({
      state: 'stalled',
      stalls: [{ topic: 'bank.account', partition: 1, lag: 4 }],
    })
  })

  it('is retrying while a lane that failed has work left, and not where the batch was committed all the same', () => {
    const feed = new FeedState()
    feed.hooks.onTransient({ topic: 'bank.account', partition: 0 }, new Error('the answer was lost'))

    expect(healthFedTo(6n, feed, lane(0, 0), lane(1, 0)).state).toBe('retrying')
    expect(healthFedTo(5n, feed, lane(0, 0), lane(1, 0))).toMatchObject({
      state: 'ok',
      lastError: { message: 'the answer was lost' },
    })
    expect(healthFedTo(5n, feed, lane(1, 0)).state).toBe('retrying')
  })
})
