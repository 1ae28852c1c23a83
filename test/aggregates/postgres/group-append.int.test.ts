import { describe, expect, it } from 'vitest'
import type { AppendOutcome, AppendRequest } from '../../../src/core/ports/event-store.js'
import { PostgresEventStore } from '../../../src/aggregates/postgres/event-store.js'
import { routingFor } from '../../../src/outbox/routing.js'
import { account, requestFor, type WantedAppend } from '../../support/append-requests.js'
import { uniqueName } from '../../support/kafka.js'
import { countOf, eventsIn, expectSoundStore, waitingForLocks } from '../../support/store-facts.js'
import { waitFor } from '../../support/wait-for.js'
import { schemas, useMigratedDatabase } from '../../support/write-side.js'

describe.each([18, 15] as const)('an append to several streams on Postgres %i', (server) => {
  const database = useMigratedDatabase({ server })

  const storeOf = (connections = 4): PostgresEventStore =>
    new PostgresEventStore(database.connect(connections), schemas.store, routingFor('bank'))

  const append = async (store: PostgresEventStore, request: AppendRequest): Promise<AppendOutcome> => {
    const [outcome] = await store.append([request])
    if (outcome === undefined) throw new Error('no outcome')
    return outcome
  }

  it('stores the events of all streams in the order of the commands, their work items and one result', async () => {
    const store = storeOf()
    const [z, a] = [uniqueName('z'), uniqueName('a')]
    await append(store, requestFor([{ id: a, events: 2 }]))
    const request = requestFor([
      { id: z, events: 2 },
      { id: a, at: 2, events: 3 },
    ])

    const outcome = await append(store, request)

    const streams = [
      { stream: account(z), version: 2 },
      { stream: account(a), version: 5 },
    ]
    expect(outcome).toEqual({ outcome: 'appended', streams })
    const [ofZ, ofA] = [await eventsIn(database.pool, z), await eventsIn(database.pool, a)]
    const positions = [...ofZ, ...ofA.slice(2)].map(({ position }) => position)
    expect(positions).toEqual(positions.map((_, index) => (positions[0] ?? 0n) + BigInt(index)))
    expect(ofZ.map(({ event_id }) => event_id)).toEqual(request.streams[0]?.events.map((it) => it.eventId))
    expect(await store.headsAndResult([account(a), account(z)], request.commandId)).toEqual({
      heads: [
        { version: 5, closed: false },
        { version: 2, closed: false },
      ],
      result: { fingerprint: 'f', streams },
    })
    await expectSoundStore(database.pool)
  })

  it('stores nothing at all when one of its streams has moved on', async () => {
    const store = storeOf()
    const [ahead, fresh] = [uniqueName('ahead'), uniqueName('fresh')]
    await append(store, requestFor([{ id: ahead, events: 2 }]))
    const tables = ['events', 'outbox', 'command_results', 'streams']
    const counts = () => Promise.all(tables.map((table) => countOf(database.pool, table)))
    const before = await counts()

    const outcome = await append(store, requestFor([{ id: fresh }, { id: ahead, at: 1 }]))

    expect(outcome).toEqual({ outcome: 'conflict', stream: account(ahead), expected: 1, actualVersion: 2 })
    expect(await counts()).toEqual(before)
  })

  it('answers a command id that is known with all that came of it, whatever the streams are by now', async () => {
    const store = storeOf()
    const [a, b] = [uniqueName('a'), uniqueName('b')]
    const first = requestFor([{ id: a }, { id: b, events: 2 }])
    await append(store, first)
    await append(store, requestFor([{ id: b, at: 2 }], {}))

    const again = await append(store, first)

    const streams = [
      { stream: account(a), version: 1 },
      { stream: account(b), version: 2 },
    ]
    expect(again).toEqual({ outcome: 'known', result: { fingerprint: 'f', streams } })
    expect(await store.headsAndResult([], first.commandId)).toEqual({
      heads: [],
      result: { fingerprint: 'f', streams },
    })
  })

  it('records a command that changes nothing, on streams that exist and on one that does not', async () => {
    const store = storeOf()
    const [a, b] = [uniqueName('a'), uniqueName('b')]
    await append(store, requestFor([{ id: a }]))

    const nothing = requestFor([
      { id: a, at: 1, events: 0 },
      { id: b, events: 0 },
    ])
    expect(await append(store, nothing)).toMatchObject({ outcome: 'appended' })

    expect(await append(store, nothing)).toMatchObject({ outcome: 'known' })
    expect(await append(store, requestFor([{ id: b }]))).toMatchObject({ outcome: 'appended' })
    await expectSoundStore(database.pool)
  })

  it('lets one of two appends with the same command id win, and answers the other with its result', async () => {
    const store = storeOf(8)
    for (let round = 0; round < 10; round++) {
      const commandId = uniqueName('twin')
      const twin = () => requestFor([{ id: uniqueName('a') }, { id: uniqueName('b') }], { commandId })

      const outcomes = await store.append([twin(), twin(), twin()])

      expect(outcomes.map(({ outcome }) => outcome).sort()).toEqual(['appended', 'known', 'known'])
    }
    await expectSoundStore(database.pool)
  })

  it('never waits in a circle, in whatever order its streams are named, and stores each exactly once', async () => {
    const stores = [storeOf(16), storeOf(16)]
    const ids = Array.from({ length: 6 }, () => uniqueName('circle'))
    const appendSome = async (store: PostgresEventStore, client: number): Promise<number> => {
      const picked = [0, 1, 2].map((step) => ids[(client * 5 + step * (client % 2 === 0 ? 1 : 5)) % 6] ?? '')
      const chosen = [...new Set(picked)]
      const { heads } = await store.headsAndResult(chosen.map(account), 'none')
      const wanted = chosen.map((id, index): WantedAppend => ({ id, at: heads[index]?.version ?? 0 }))
      const { outcome } = await append(store, requestFor(wanted))
      return outcome === 'appended' ? chosen.length : 0
    }

    const stored = await Promise.all(
      stores.flatMap((store) =>
        Array.from({ length: 16 }, async (_, client) => {
          let events = 0
          for (let round = 0; round < 15; round++) events += await appendSome(store, client + round)
          return events
        }),
      ),
    )

    const counted = await Promise.all(
      ids.map((id) => countOf(database.pool, 'events', `stream_id = '${id}'`)),
    )
    expect(counted.reduce((sum, count) => sum + count)).toBe(stored.reduce((sum, count) => sum + count))
    await expectSoundStore(database.pool)
  })

  describe('guards', () => {
    const met = [
      [1, 1],
      ['streamExists', 1],
      ['noStream', 0],
      [0, 0],
      ['any', 0],
      ['any', 1],
    ] as const
    const missed = [
      [2, 1],
      ['noStream', 1],
      ['streamExists', 0],
      [1, 0],
    ] as const

    it.each(met)('let an append pass where %s is expected of a stream at %i', async (expected, version) => {
      const store = storeOf()
      const [guarded, written] = [uniqueName('guarded'), uniqueName('written')]
      if (version > 0) await append(store, requestFor([{ id: guarded, events: version }]))

      const guards = [{ stream: account(guarded), expected }]
      const outcome = await append(store, requestFor([{ id: written }], { guards }))

      expect(outcome).toEqual({ outcome: 'appended', streams: [{ stream: account(written), version: 1 }] })
      expect(await countOf(database.pool, 'streams', `id = '${guarded}'`)).toBe(version)
      await expectSoundStore(database.pool)
    })

    it.each(missed)('stop an append where %s is expected of a stream at %i', async (expected, version) => {
      const store = storeOf()
      const [guarded, written] = [uniqueName('guarded'), uniqueName('written')]
      if (version > 0) await append(store, requestFor([{ id: guarded, events: version }]))

      const guards = [{ stream: account(guarded), expected }]
      const outcome = await append(store, requestFor([{ id: written }], { guards }))

      const stream = account(guarded)
      expect(outcome).toEqual({ outcome: 'conflict', stream, expected, actualVersion: version })
      expect(
        await countOf(database.pool, 'streams', `id IN ('${guarded}', '${written}') AND version = 0`),
      ).toBe(0)
    })

    it('let only one of two appends pass that each expect the other stream not to exist', async () => {
      const store = storeOf(4)
      for (let round = 0; round < 20; round++) {
        const [a, b] = [uniqueName('a'), uniqueName('b')]
        const outcomes = await store.append([
          requestFor([{ id: a }], { guards: [{ stream: account(b), expected: 'noStream' }] }),
          requestFor([{ id: b }], { guards: [{ stream: account(a), expected: 'noStream' }] }),
        ])

        expect(outcomes.map(({ outcome }) => outcome).sort()).toEqual(['appended', 'conflict'])
      }
      await expectSoundStore(database.pool)
    })

    it('hold a stream that must not exist back until the commit, and let it come into being then', async () => {
      const store = storeOf()
      const [guarded, written] = [uniqueName('guarded'), uniqueName('written')]
      const guards = [{ stream: account(guarded), expected: 'noStream' as const }]
      const request = requestFor([{ id: written }], { guards })
      const holder = await database.pool.connect()
      try {
        await holder.query('BEGIN')
        await holder.query(
          `INSERT INTO ${schemas.store}.command_results (command_id, fingerprint, stream_type, stream_id, version)
           VALUES ($1, 'f', 'account', 'a', 1)`,
          [request.commandId],
        )
        const guarding = append(store, request)
        await waitFor(async () => (await waitingForLocks(database.pool)) === 1, { what: 'the guard to wait' })
        const opening = append(store, requestFor([{ id: guarded }]))
        await waitFor(async () => (await waitingForLocks(database.pool)) === 2, { what: 'the other to wait' })
        await holder.query('ROLLBACK')

        expect((await guarding).outcome).toBe('appended')
        expect((await opening).outcome).toBe('appended')
      } finally {
        holder.release()
      }
      await expectSoundStore(database.pool)
    })

    it('may be for a stream that is written too', async () => {
      const store = storeOf()
      const [a, b] = [uniqueName('a'), uniqueName('b')]
      await append(store, requestFor([{ id: a }]))

      const guards = [
        { stream: account(a), expected: 1 },
        { stream: account(b), expected: 'noStream' as const },
      ]
      const outcome = await append(store, requestFor([{ id: a, at: 1 }, { id: b }], { guards }))

      expect(outcome.outcome).toBe('appended')
      await expectSoundStore(database.pool)
    })
  })

  describe('closing', () => {
    it('lets the closing events in, and nothing ever after, alone or in a group', async () => {
      const store = storeOf()
      const [closed, other] = [uniqueName('closed'), uniqueName('other')]
      await append(store, requestFor([{ id: closed }]))

      expect(await append(store, requestFor([{ id: closed, at: 1, closes: true }]))).toMatchObject({
        outcome: 'appended',
      })

      const refused = { outcome: 'closed', stream: account(closed) }
      for (const at of [1, 2])
        expect(await append(store, requestFor([{ id: closed, at }])), `at ${at}`).toEqual(refused)
      expect(await append(store, requestFor([{ id: other }, { id: closed, at: 2 }]))).toEqual(refused)
      expect(await append(store, requestFor([{ id: closed, at: 2, events: 0 }]))).toEqual(refused)
      expect(await store.headsAndResult([account(closed)], 'none')).toEqual({
        heads: [{ version: 2, closed: true }],
        result: undefined,
      })
      expect(await countOf(database.pool, 'events', `stream_id = '${closed}'`)).toBe(2)
    })

    it('refuses an append that waited for the stream while it was closed', async () => {
      const store = storeOf()
      const closed = uniqueName('closed')
      await append(store, requestFor([{ id: closed }]))
      const holder = await database.pool.connect()
      try {
        await holder.query('BEGIN')
        await holder.query(`UPDATE ${schemas.store}.streams SET closed = true WHERE id = $1`, [closed])
        const waiting = [
          append(store, requestFor([{ id: closed, at: 1 }])),
          append(store, requestFor([{ id: closed, at: 1 }, { id: uniqueName('other') }])),
        ]
        await waitFor(async () => (await waitingForLocks(database.pool)) === 2, { what: 'both to wait' })
        await holder.query('COMMIT')

        expect((await Promise.all(waiting)).map(({ outcome }) => outcome)).toEqual(['closed', 'closed'])
      } finally {
        holder.release()
      }
    })

    it('still answers what a closed stream had accepted before', async () => {
      const store = storeOf()
      const request = requestFor([{ id: uniqueName('closed'), closes: true }])
      await append(store, request)

      expect(await append(store, request)).toMatchObject({ outcome: 'known' })
    })
  })
})
