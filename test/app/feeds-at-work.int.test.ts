import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { deadLettersOf } from '../../src/app/dead-letters.js'
import { type FeedRunner, FeedsAtWork } from '../../src/app/feeds-at-work.js'
import { PartState } from '../../src/app/health/part-state.js'
import { Gate } from '../support/gate.js'
import { ReadSide, useFreshDatabases } from '../support/read-side.js'
import { silentLogger } from '../support/silent-logger.js'
import { waitFor } from '../support/wait-for.js'

const freshDatabase = useFreshDatabases()
let url = ''
beforeEach(async () => {
  url = await freshDatabase()
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
})
afterEach(() => {
  vi.useRealTimers()
})

/** A runner that feeds nothing, and whose looks at the database last until they are let go. */
class SlowRunner implements FeedRunner {
  readonly answers = new Gate()
  readonly feeding = undefined
  readonly applied = 0
  readonly failure = undefined
  readonly aside = undefined
  looks = 0

  async start(): Promise<void> {}

  async follow(): Promise<void> {
    this.looks++
    await this.answers.opened
  }

  async stop(): Promise<void> {}
}

describe('feeds at work', () => {
  it('look at what the database says of them once at a time, however long that takes', async () => {
    await using side = await ReadSide.open(url)
    const { databases } = side.installation
    const slow = new SlowRunner()
    const well = new SlowRunner()
    well.answers.open()
    const feedOf = (name: string, runner: FeedRunner) => ({
      kind: 'projection' as const,
      name,
      inline: false,
      topics: [],
      ordered: undefined,
      here: { runner, letters: deadLettersOf(databases, side.parts(name)) },
    })
    const feeds = new FeedsAtWork({
      feeds: [feedOf('balances', slow), feedOf('statements', well)],
      databases,
      settings: { lease: 1_000, retryLetters: false },
      states: { read: new PartState() },
      logger: silentLogger,
    })
    await feeds.start()

    vi.advanceTimersByTime(3_600_000)
    expect(slow.looks).toBe(1)
    slow.answers.open()
    await waitFor(
      () => {
        vi.advanceTimersByTime(1_000)
        return slow.looks > 2 && well.looks > 2
      },
      { what: 'all to be looked at again' },
    )
    await feeds.stop()
  })
})
