import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import type { StoredEvent } from '../../src/core/envelope.js'
import type { EventEncoding } from '../../src/core/event-encoding.js'
import type { Log, LogSubscription, SubscribeOptions } from '../../src/log/index.js'
import { uniqueName } from '../support/kafka.js'
import { describeDeclinedLanes } from './log/declined.js'
import { describeGroups } from './log/groups.js'
import { describeLanes } from './log/lanes.js'
import { describePublishing } from './log/publishing.js'
import { describeTopics } from './log/topics.js'

/** What an adapter brings to be tested. */
export interface LogHarness {
  readonly encoding: EventEncoding
  /** The log as another process would have it. The suite closes it. */
  open(): Promise<Log>
  /** Stores the next `count` events of each stream, in turns: a1 b1 a2 b2 …; answers them in that order. */
  storeEvents(streamIds: readonly string[], count: number): Promise<readonly StoredEvent[]>
  /** A piece of a module for a process of its own, with `$src/…` imports, that leaves a `Log` in the constant `log`. */
  readonly openingCode: string
  close(): Promise<void>
}

/** What the parts of the suite work with. */
export interface LogTest {
  readonly log: Log
  readonly harness: LogHarness
  /** A test, unless the adapter skips it. */
  readonly promise: (title: string, test: () => Promise<void>) => void
  /** Creates a topic that no other test uses. */
  readonly newTopic: (partitions: number) => Promise<string>
  /** Stores events, one stream after the other in turns, and publishes them in that order. */
  readonly publish: (
    topic: string,
    streamIds: readonly string[],
    count: number,
  ) => Promise<readonly StoredEvent[]>
  /** Subscribes until the test is over: as one more process with `apart`. */
  readonly subscribe: (
    options: Omit<SubscribeOptions, 'group'> & { group?: string; apart?: boolean },
  ) => Promise<LogSubscription>
}

export interface LogSuiteOptions {
  /** Titles of tests that the adapter cannot pass, and why. */
  readonly skip?: readonly { readonly reason: string; readonly tests: readonly string[] }[]
}

/** Short enough to wait for; brokers of tests allow no less than 1 s. */
const LEASE = 2_000

/** Every promise of the log port that any adapter must keep. */
export function describeLog(
  name: string,
  factory: () => Promise<LogHarness>,
  { skip = [] }: LogSuiteOptions = {},
): void {
  describe(name, () => {
    let harness: LogHarness
    let log: Log
    const reasons = new Map(skip.flatMap(({ reason, tests }) => tests.map((test) => [test, reason] as const)))

    beforeAll(async () => {
      harness = await factory()
      log = await harness.open()
    })

    afterAll(async () => {
      await log.close()
      await harness.close()
    })

    const test: LogTest = {
      get log() {
        return log
      },
      get harness() {
        return harness
      },
      promise: (title, run) => {
        const reason = reasons.get(title)
        reasons.delete(title)
        if (reason === undefined) it(title, run)
        else it.skip(`${title} (skipped: ${reason})`)
      },
      newTopic: async (partitions) => {
        const topic = uniqueName('contract')
        await log.topics.create({ name: topic, partitions })
        onTestFinished(() => log.topics.delete([topic]))
        return topic
      },
      publish: async (topic, streamIds, count) => {
        const events = await harness.storeEvents(streamIds, count)
        const publisher = log.publisher()
        await publisher.publish(events.map((event) => ({ topic, key: event.stream.id, event })))
        await publisher.close()
        return events
      },
      subscribe: async ({ group = uniqueName('group'), apart = false, ...options }) => {
        const own = apart ? await harness.open() : log
        if (apart) onTestFinished(() => own.close())
        const subscription = await own.subscribe({ lease: LEASE, ...options, group })
        onTestFinished(() => subscription.stop())
        return subscription
      },
    }

    describe('topics', () => describeTopics(test))
    describe('publishing', () => describePublishing(test))
    describe('lanes', () => describeLanes(test))
    describe('groups', () => describeGroups(test))
    describe('declined lanes', () => describeDeclinedLanes(test))

    if (reasons.size > 0) it('skips only tests that exist', () => expect([...reasons.keys()]).toEqual([]))
  })
}
