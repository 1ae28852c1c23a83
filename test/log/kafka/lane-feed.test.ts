import { expect, it } from 'vitest'
import { LaneFeed } from '../../../src/log/kafka/lane-feed.js'
import { RecordingConsumer } from '../../support/recording-consumer.js'
import { silentLogger } from '../../support/silent-logger.js'
import { waitFor } from '../../support/wait-for.js'

const lane = { topic: 'bank.account', partition: 0 }

/** Has applied everything before 7, and looks at what it applied at 3 again, as projections do. */
class Proving extends RecordingConsumer {
  override assigned(): Promise<bigint> {
    return Promise.resolve(3n)
  }

  recheck(): Promise<bigint> {
    return this.assigned()
  }

  override deliver(): Promise<bigint> {
    return Promise.resolve(4n)
  }

  reached(): bigint {
    return 7n
  }
}

it('tells how far its lane is, wherever that is asked for', async () => {
  const told: bigint[] = []
  const asked: bigint[] = []
  const fetch = {
    pause: () => undefined,
    resume: () => undefined,
    seek: (_: unknown, at: bigint) => asked.push(at),
  }
  const feed = new LaneFeed(lane, fetch, {
    consumer: new Proving(),
    batchSize: 10,
    patience: 1_000,
    logger: silentLogger,
    onMoved: (_, next) => told.push(next),
    onDeclined: () => undefined,
    declinedFor: () => 0,
  })

  feed.start(Promise.resolve())
  await waitFor(() => asked.length === 1, { what: 'the lane to begin' })
  feed.look()
  await waitFor(() => asked.length === 2, { what: 'the look' })
  const key = Buffer.from('a')
  const message = { key, value: null, timestamp: '0', attributes: 0, offset: '3', headers: {} }
  await feed.take([message], 4n)
  await feed.end()

  expect(asked).toEqual([3n, 3n, 4n])
  expect(told).toEqual([7n, 7n, 7n])
})
