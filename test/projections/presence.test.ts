import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Feeders, Feeding } from '../../src/projections/feeders.js'
import { Presence } from '../../src/projections/presence.js'
import { Gate } from '../support/gate.js'
import { silentLogger } from '../support/silent-logger.js'
import { waitFor } from '../support/wait-for.js'

const LEASE = 3_000

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
})
afterEach(() => {
  vi.useRealTimers()
})

/** Feeders as they are with a database that does not answer until it is let. */
class SlowFeeders implements Feeders {
  readonly answers = new Gate()
  readonly said: (readonly Feeding[])[] = []

  async renew(_member: string, _process: string, feeding: readonly Feeding[]): Promise<void> {
    this.said.push(feeding)
    await this.answers.opened
  }

  of(): Promise<readonly []> {
    return Promise.resolve([])
  }
}

describe('Presence', () => {
  it('is said once at a time however long the database takes, so that its end need not wait for hours of it', async () => {
    const feeders = new SlowFeeders()
    const feeding = [{ projection: 'balances', generation: 1, fingerprint: 'f1' }]
    const presence = new Presence({ feeders, feeding: () => feeding, lease: LEASE, logger: silentLogger })
    const kept = presence.keep()

    vi.advanceTimersByTime(1_000 * LEASE)
    const ended = presence.end()
    feeders.answers.open()
    await Promise.all([kept, ended])

    expect(feeders.said).toEqual([feeding, []])
  })

  it('is said again and again once the database answers', async () => {
    const feeders = new SlowFeeders()
    const presence = new Presence({ feeders, feeding: () => [], lease: LEASE, logger: silentLogger })
    const kept = presence.keep()
    feeders.answers.open()
    await kept

    await waitFor(
      () => {
        vi.advanceTimersByTime(LEASE / 3)
        return feeders.said.length > 2
      },
      { what: 'two more times' },
    )
    await presence.end()
  })
})
