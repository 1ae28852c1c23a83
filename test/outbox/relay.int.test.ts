import { describe, expect, it, onTestFinished } from 'vitest'
import { Notifications } from '../../src/postgres/notifications.js'
import { deposit, open } from '../support/account-commands.js'
import { DatabaseProxy } from '../support/database-proxy.js'
import { Gate } from '../support/gate.js'
import { uniqueName } from '../support/kafka.js'
import { RecordingConsumer } from '../support/recording-consumer.js'
import { postgresLog, throughTo, useRelays } from '../support/relays.js'
import { silentLogger } from '../support/silent-logger.js'
import { countOf, expectOrderedTopic, expectSoundStore } from '../support/store-facts.js'
import { waitFor } from '../support/wait-for.js'
import { useMigratedDatabase } from '../support/write-side.js'

const TOPIC = 'bank.account'
const database = useMigratedDatabase()
const relays = useRelays(database, TOPIC)

describe('Relay', () => {
  it('publishes at its start what an earlier process left, in the order of versions', async () => {
    const account = await relays.accountWith(30)
    const { relay, close } = relays.parts({ batchSize: 7 })

    await relay.start()
    await relays.outboxEmpty()
    await close()

    expect(relay.published).toBe(30)
    expect(await relays.versionsOf(account)).toEqual(
      Array.from({ length: 30 }, (_, index) => BigInt(index + 1)),
    )
    await expectSoundStore(database.pool)
  })

  it('shares the slots with another relay, publishes each event once, and neither reorders a stream', async () => {
    const both = [relays.parts({ batchSize: 3 }), relays.parts({ batchSize: 3 })]
    for (const { relay } of both) await relay.start()
    const side = database.writeSide()
    const accounts = Array.from({ length: 16 }, () => uniqueName('shared'))
    await Promise.all(accounts.map((account) => open(side, account)))

    await waitFor(() => both.every(({ relay }) => relay.published > 0 || !relay.holdsEverySlot), {
      what: 'both to have slots',
    })
    await Promise.all(
      accounts.map(async (account) => {
        for (let round = 0; round < 10; round++) {
          await deposit(side, account, 1n)
          both.forEach(({ relay }) => relay.wake())
        }
      }),
    )
    await relays.outboxEmpty()

    expect(both.every(({ relay }) => relay.published > 0)).toBe(true)
    for (const account of accounts) expect(await relays.versionsOf(account)).toHaveLength(11)
    await expectOrderedTopic(database.pool, TOPIC)
  })

  it('gives its slots back when it stops, so that another need not wait for the lease', async () => {
    const leaving = relays.parts({ lease: 60_000 })
    const staying = relays.parts({ lease: 60_000 })
    await leaving.relay.start()

    await leaving.relay.stop()
    await staying.relay.start()

    expect(staying.relay.holdsEverySlot).toBe(true)
  })

  it('finishes the batch under way before its stop resolves', async () => {
    await relays.accountWith(5)
    let claimed: (() => void) | undefined
    const underWay = new Promise<void>((resolve) => (claimed = resolve))
    const { relay } = relays.parts({
      around: (outbox) => ({
        ...throughTo(outbox),
        claim: async (slots, limit) => {
          const rows = await outbox.claim(slots, limit)
          if (rows.length > 0) claimed?.()
          return rows
        },
      }),
    })
    await relay.start()
    await underWay

    await Promise.all([relay.stop(), relay.stop()])

    expect(relay.published).toBe(5)
    expect(await countOf(database.pool, 'outbox')).toBe(0)
  })

  it('asks an idle outbox no more often than its poll interval says', async () => {
    let claims = 0
    const { relay } = relays.parts({
      pollInterval: 250,
      lease: 15_000,
      around: (outbox) => ({
        ...throughTo(outbox),
        claim: (slots, limit) => {
          claims++
          return outbox.claim(slots, limit)
        },
      }),
    })
    await relay.start()
    const began = performance.now()

    await waitFor(() => performance.now() - began > 2_000, { what: 'two seconds to pass' })

    expect(claims).toBeGreaterThan(2)
    expect(claims).toBeLessThanOrEqual(2_000 / 250 + 3)
  })

  it('publishes soon after it was woken, whatever its poll interval, and readers wake soon after that', async ({
    annotate,
  }) => {
    const notifications = new Notifications(database.connect(2), silentLogger)
    onTestFinished(() => notifications.close())
    const log = postgresLog(database.connect(4), notifications, 60_000)
    let delivered = new Gate()
    const consumer = new RecordingConsumer({
      step: () => {
        delivered.open()
        return Promise.resolve(undefined)
      },
    })
    const subscription = await log.subscribe({ group: uniqueName('group'), topics: [TOPIC], consumer })
    onTestFinished(() => subscription.stop())
    const { relay } = relays.parts({ pollInterval: 60_000, lease: 60_000 })
    await relay.start()
    const side = database.writeSide()
    const account = uniqueName('woken')
    await open(side, account)
    relay.wake()
    await waitFor(() => consumer.applied.some(({ key }) => key === account), { what: 'the first record' })

    const latencies: number[] = []
    for (let round = 0; round < 50; round++) {
      delivered = new Gate()
      await deposit(side, account, 1n)
      const committed = performance.now()
      relay.wake()
      await delivered.opened
      latencies.push(performance.now() - committed)
    }
    latencies.sort((one, other) => one - other)

    await annotate(`commit → delivered, p50 ${(latencies[25] ?? NaN).toFixed(1)} ms`)
    expect(latencies[25]).toBeLessThan(250)
  })

  it('stops also while a database that vanished owes it an answer', async () => {
    const proxy = await DatabaseProxy.before(database.url)
    onTestFinished(() => proxy.close())
    let claims = 0
    const { relay } = relays.parts(
      {
        lease: 60_000,
        pollInterval: 60_000,
        around: (outbox) => ({
          ...throughTo(outbox),
          claim: (slots, limit) => {
            claims++
            return outbox.claim(slots, limit)
          },
        }),
      },
      proxy.url,
    )
    await relay.start()
    await waitFor(() => claims === 1, { what: 'the relay to be idle' })

    proxy.vanish()
    relay.wake()
    await waitFor(() => claims === 2, { what: 'a claim to be under way' })
    await relay.stop()

    expect(claims).toBe(2)
    proxy.reopen()
  })

  it('goes on by itself after the database was away, losing nothing', async () => {
    const proxy = await DatabaseProxy.before(database.url)
    onTestFinished(() => proxy.close())
    const { relay } = relays.parts({}, proxy.url)
    await relay.start()
    proxy.shut()

    const account = await relays.accountWith(6)
    relay.wake()
    proxy.reopen()
    await relays.outboxEmpty()

    expect(await relays.versionsOf(account)).toHaveLength(6)
    await expectSoundStore(database.pool)
  })
})
