import { expect, it, vi } from 'vitest'
import { LaneFeed } from '../../../src/log/kafka/lane-feed.js'
import type { Lane, LaneConsumer } from '../../../src/log/index.js'
import { RecordingConsumer } from '../../support/recording-consumer.js'
import { silentLogger } from '../../support/silent-logger.js'
import { waitFor } from '../../support/wait-for.js'

const lane = { topic: 'bank.account', partition: 0 }

/** Milliseconds. */
const PATIENCE = 1_000

/** A lane, with what it asked the client for and what it told the group. */
function feedOf(consumer: LaneConsumer) {
  const told: bigint[] = []
  const asked: bigint[] = []
  const paused: Lane[] = []
  const fetch = {
    pause: (lanes: readonly Lane[]) => paused.push(...lanes),
    resume: () => undefined,
    seek: (_: unknown, at: bigint) => asked.push(at),
  }
  const feed = new LaneFeed(lane, fetch, {
    consumer,
    batchSize: 10,
    patience: PATIENCE,
    logger: silentLogger,
    onMoved: (_, next) => told.push(next),
    onDeclined: () => undefined,
    declinedFor: () => 0,
  })
  return { feed, told, asked, paused }
}

/** A fetch that brought the records at these offsets. */
function fetchOf(from: bigint, next: bigint, ...offsets: readonly bigint[]) {
  const messages = offsets.map((offset) => {
    const key = Buffer.from('a')
    return { key, value: null, timestamp: '0', attributes: 0, offset: offset.toString(), headers: {} }
  })
  return { messages, from, next }
}

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
  const { feed, told, asked } = feedOf(new Proving())

  feed.start(Promise.resolve())
  await waitFor(() => asked.length === 1, { what: 'the lane to begin' })
  feed.look()
  await waitFor(() => asked.length === 2, { what: 'the look' })
  await feed.take(fetchOf(3n, 4n, 3n))
  await feed.end()

  expect(asked).toEqual([3n, 3n, 4n])
  expect(told).toEqual([7n, 7n, 7n])
})

/** Is told of offsets without a record, and takes its time. */
class Passing extends RecordingConsumer {
  readonly told: (readonly [from: bigint, to: bigint])[] = []
  readonly rechecks: string[] = []
  #letGo: () => void = () => undefined

  recheck({ topic }: Lane): Promise<bigint> {
    this.rechecks.push(topic)
    return Promise.resolve(0n)
  }

  async passed(_: Lane, from: bigint, to: bigint): Promise<bigint> {
    this.told.push([from, to])
    await new Promise<void>((resolve) => (this.#letGo = resolve))
    return to
  }

  letGo(): void {
    this.#letGo()
  }
}

it('tells its consumer of offsets without a record, and delivers what comes behind them afterwards', async () => {
  const consumer = new Passing()
  const { feed, told, asked } = feedOf(consumer)
  feed.start(Promise.resolve())
  await waitFor(() => asked.length === 1, { what: 'the lane to begin' })

  const passing = feed.take(fetchOf(0n, 3n))
  const behind = feed.take(fetchOf(3n, 4n, 3n))
  await waitFor(() => consumer.told.length > 0, { what: 'the offsets to be told of' })
  expect(consumer.delivered).toEqual([])
  consumer.letGo()
  await Promise.all([passing, behind])
  await feed.end()

  expect(consumer.told).toEqual([[0n, 3n]])
  expect(consumer.applied.map(({ offset }) => offset)).toEqual([3n])
  expect(asked).toEqual([0n, 3n, 4n])
  expect(told).toEqual([0n, 3n, 4n])
})

it('passes by without another look what the client fetches on while that takes its time', async () => {
  const consumer = new Passing()
  const { feed, asked } = feedOf(consumer)
  feed.start(Promise.resolve())
  await waitFor(() => asked.length === 1, { what: 'the lane to begin' })

  const first = feed.take(fetchOf(0n, 3n))
  await waitFor(() => consumer.told.length === 1, { what: 'the first of them' })
  // As the client goes on behind them by itself, and then once more from where it was sought.
  const fetchedOn = [fetchOf(3n, 5n), fetchOf(5n, 9n), fetchOf(3n, 5n)].map((fetched) => feed.take(fetched))
  const behind = feed.take(fetchOf(9n, 10n, 9n))
  consumer.letGo()
  await waitFor(() => consumer.told.length === 2, { what: 'the rest of them' })
  expect(consumer.delivered).toEqual([])
  consumer.letGo()
  await Promise.all([first, ...fetchedOn, behind])
  await feed.end()

  expect(consumer.told).toEqual([
    [0n, 3n],
    [3n, 9n],
  ])
  expect(consumer.applied.map(({ offset }) => offset)).toEqual([9n])
  expect(consumer.rechecks).toEqual([])
  expect(asked).toEqual([0n, 9n, 10n])
})

it('has the client fetch anew what did not fit behind offsets that took their time', async () => {
  const consumer = new Passing()
  const { feed, asked } = feedOf(consumer)
  feed.start(Promise.resolve())
  await waitFor(() => asked.length === 1, { what: 'the lane to begin' })

  const passing = feed.take(fetchOf(0n, 3n))
  await waitFor(() => consumer.told.length === 1, { what: 'the offsets to be told of' })
  const misfits = [fetchOf(5n, 8n), fetchOf(8n, 9n, 8n)].map((fetched) => feed.take(fetched))
  consumer.letGo()
  await Promise.all([passing, ...misfits])
  expect(asked).toEqual([0n, 3n])
  await feed.take(fetchOf(3n, 4n, 3n))
  await feed.end()

  expect(consumer.told).toEqual([[0n, 3n]])
  expect(consumer.applied.map(({ offset }) => offset)).toEqual([3n])
  expect(consumer.rechecks).toEqual([])
})

it('holds the other lanes of a fetch up for no longer than its patience, whatever messages had to wait for', async () => {
  let finish: () => void = () => undefined
  const step = () => new Promise<undefined>((resolve) => (finish = () => resolve(undefined)))
  const consumer = new Passing({ step })
  const { feed, paused } = feedOf(consumer)
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
  try {
    feed.start(Promise.resolve())
    await vi.advanceTimersByTimeAsync(0)
    void feed.take(fetchOf(0n, 3n))
    let isTaken = false
    void feed.take(fetchOf(3n, 4n, 3n)).then(() => (isTaken = true))
    await vi.advanceTimersByTimeAsync(PATIENCE - 100)
    consumer.letGo()
    await vi.advanceTimersByTimeAsync(99)
    expect([consumer.underWay, isTaken, paused.length]).toEqual([1, false, 0])

    await vi.advanceTimersByTimeAsync(1)

    expect([consumer.underWay, isTaken, paused.length]).toEqual([1, true, 1])
  } finally {
    vi.useRealTimers()
  }
  finish()
  await feed.end()
  expect(consumer.applied.map(({ offset }) => offset)).toEqual([3n])
})

it('does not believe in offsets without a record from elsewhere than it asked for, but looks again', async () => {
  const consumer = new Passing()
  const { feed, asked } = feedOf(consumer)
  feed.start(Promise.resolve())
  await waitFor(() => asked.length === 1, { what: 'the lane to begin' })

  await feed.take(fetchOf(5n, 8n))
  await waitFor(() => asked.length === 2, { what: 'the lane to begin again' })
  await feed.end()

  expect(consumer.told).toEqual([])
  expect(consumer.rechecks).toEqual([lane.topic])
  expect(asked).toEqual([0n, 0n])
})
