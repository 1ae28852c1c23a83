import type { PoolClient } from 'pg'
import { describe, expect, it } from 'vitest'
import { TimedOut } from 'reprise'
import { PostgresEventStore } from '../../src/aggregates/postgres/event-store.js'
import type { EventOrder } from '../../src/core/ports/event-order.js'
import { routingFor } from '../../src/outbox/routing.js'
import { PostgresEventOrder } from '../../src/postgres/event-order.js'
import { PostgresEventReader } from '../../src/postgres/event-reader.js'
import { eventsInOrder, type EventsInOrderOptions } from '../../src/subscriptions/index.js'
import { SettledEnd } from '../../src/subscriptions/settled-end.js'
import { requestFor } from '../support/append-requests.js'
import { uniqueName } from '../support/kafka.js'
import { RecordingLogger } from '../support/recording-logger.js'
import { waitFor } from '../support/wait-for.js'
import { schemas, useMigratedDatabase } from '../support/write-side.js'

const database = useMigratedDatabase()
const storeOf = () => new PostgresEventStore(database.pool, schemas.store, routingFor('bank'))
const history = () => new PostgresEventReader(database.pool, schemas.store)
const order = () => new PostgresEventOrder(database.pool, schemas.store)

/** Appends events to a new stream; answers the last position. */
async function append(events = 1, type = 'account'): Promise<bigint> {
  await storeOf().append([requestFor([{ id: uniqueName('a'), type, events }])])
  return history().head()
}

/** Has appended in a transaction that is open while `work` runs, and commits it then. */
async function whileAppending<T>(work: (client: PoolClient) => Promise<T>): Promise<T> {
  const client = await database.connect(1).connect()
  try {
    await client.query(`BEGIN; SET LOCAL application_name = 'an import'`)
    await storeOf().appendWithin(client, requestFor([{ id: uniqueName('open') }]))
    const result = await work(client)
    await client.query('COMMIT')
    return result
  } finally {
    client.release()
  }
}

describe('SettledEnd', () => {
  /** Counts what is asked of the database's order. */
  function counted(): EventOrder & { questions: number } {
    const asked = order()
    return {
      questions: 0,
      settledUpTo(streamTypes, unsettled) {
        this.questions++
        return asked.settledUpTo(streamTypes, unsettled)
      },
    }
  }

  it('asks once while nothing is stored, and again when something is', async () => {
    const last = await append()
    const asked = counted()
    const logger = new RecordingLogger()
    const end = new SettledEnd({
      order: asked,
      history: history(),
      streamTypes: ['account'],
      logger,
      wake: () => undefined,
    })

    expect(await end.find()).toBe(last + 1n)
    expect(await end.find()).toBe(last + 1n)
    expect(asked.questions).toBe(1)
    expect(await end.find().then(() => append())).toBe(last + 1n)
    expect(await end.find()).toBe(last + 2n)
    expect(asked.questions).toBe(2)
    end.stop()
  })

  it('leaves appends alone for a while between two questions', async () => {
    await append()
    const asked = counted()
    const logger = new RecordingLogger()
    const wake = () => undefined
    const end = new SettledEnd({ order: asked, history: history(), streamTypes: ['account'], logger, wake })
    const began = performance.now()

    for (let question = 0; question < 6; question++) {
      await append()
      await end.find()
    }

    expect(asked.questions).toBe(6)
    expect(performance.now() - began).toBeGreaterThanOrEqual(5 * 20 - 1)
    end.stop()
  })

  it('stays where it is while an append is open, says who that is, and goes on by itself when it is over', async () => {
    const before = await append()
    const logger = new RecordingLogger()
    const found: bigint[] = []
    let looking = Promise.resolve()
    const wake = (): void => {
      looking = looking.then(async () => {
        found.push(await end.find())
      })
    }
    const streamTypes = ['account']
    const end = new SettledEnd({
      order: order(),
      history: history(),
      streamTypes,
      logger,
      wake,
      warnAfter: 100,
    })
    await end.find()

    await whileAppending(async () => {
      await append()
      wake()
      await waitFor(() => logger.at('warn').length > 0, { what: 'a warning' })
      expect(new Set(found)).toEqual(new Set([before + 1n]))
    })
    const last = await history().head()

    await waitFor(() => found.at(-1) === last + 1n, { what: 'the end' })
    end.stop()
    await looking
    expect(logger.at('warn')).toEqual([
      {
        level: 'warn',
        facts: {
          streamTypes,
          settledUpTo: before,
          sessions: [expect.stringMatching(/^an import of \w+ \(pid \d+, open for \d+ s\)$/) as string],
        },
        message: 'what reads the store in order waits for transactions that have appended and are still open',
      },
    ])
  })
})

describe('eventsInOrder', () => {
  async function positions(options: Partial<EventsInOrderOptions> = {}): Promise<readonly bigint[]> {
    const read: bigint[] = []
    const events = eventsInOrder(
      { history: history(), order: order() },
      { streamTypes: ['account'], timeout: 5_000, ...options },
    )
    for await (const { position } of events) read.push(position)
    return read
  }

  it('gives every event of the types once, in the order of positions, over pages and types', async () => {
    const after = await append()
    await append(700)
    await append(1, 'other')
    await append(1_400)

    const all = await positions({ after, streamTypes: ['account', 'other'] })
    const own = await positions({ after })

    expect(all).toEqual(Array.from({ length: 2_101 }, (_, index) => after + 1n + BigInt(index)))
    expect(own).toEqual(all.filter((it) => it !== after + 701n))
  })

  it('goes on where it was left, also where nothing is left', async () => {
    const after = await append()
    const last = await append(5)

    expect(await positions({ after: last - 2n })).toEqual([last - 1n, last])
    expect(await positions({ after: last })).toEqual([])
    expect(await positions({ after: last + 100n })).toEqual([])
    expect(await positions({ after, streamTypes: ['none'] })).toEqual([])
  })

  it('waits for an append that is open, and has its events in their place', async () => {
    const after = await append()
    let reading: Promise<readonly bigint[]> | undefined

    await whileAppending(async () => {
      await append()
      reading = positions({ after })
      await expect(positions({ after, timeout: 50 })).rejects.toThrow(TimedOut)
      await expect(positions({ after, timeout: 50 })).rejects.toThrow(/an import of \w+ \(pid \d+, open for/)
    })

    expect(await reading).toEqual([after + 1n, after + 2n])
  })

  it('ends with the reason of its signal, while it reads and while it waits', async () => {
    const after = await append()
    await append(3)
    const ending = new AbortController()
    const reason = new Error('enough')
    const read: bigint[] = []
    const reading = async (): Promise<void> => {
      const options = { streamTypes: ['account'], after, signal: ending.signal }
      for await (const { position } of eventsInOrder({ history: history(), order: order() }, options)) {
        read.push(position)
        ending.abort(reason)
      }
    }

    await expect(reading()).rejects.toBe(reason)
    expect(read).toEqual([after + 1n])
    await whileAppending(async () => {
      const waiting = new AbortController()
      const stuck = positions({ signal: waiting.signal })
      waiting.abort(reason)
      await expect(stuck).rejects.toBe(reason)
    })
  })
})
