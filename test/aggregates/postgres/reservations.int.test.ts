import { beforeEach, describe, expect, it } from 'vitest'
import type { AppendOutcome, AppendRequest } from '../../../src/core/ports/event-store.js'
import { TimedOut } from '../../../src/core/errors/index.js'
import { PostgresEventStore } from '../../../src/aggregates/postgres/event-store.js'
import {
  ReservationCheck,
  type ReservationDifference,
} from '../../../src/aggregates/postgres/reservation-check.js'
import { routingFor } from '../../../src/outbox/routing.js'
import { account, release, requestFor, reserve } from '../../support/append-requests.js'
import { uniqueName } from '../../support/kafka.js'
import { countOf, expectSoundStore, waitingForLocks } from '../../support/store-facts.js'
import { waitFor } from '../../support/wait-for.js'
import { schemas, useMigratedDatabase } from '../../support/write-side.js'

describe.each([18, 15] as const)('reserved values on Postgres %i', (server) => {
  const database = useMigratedDatabase({ server })
  const table = `${schemas.store}.reservations`

  const storeOf = (connections = 4): PostgresEventStore =>
    new PostgresEventStore(database.connect(connections), schemas.store, routingFor('bank'))

  const append = async (store: PostgresEventStore, request: AppendRequest): Promise<AppendOutcome> => {
    const [outcome] = await store.append([request])
    if (outcome === undefined) throw new Error('no outcome')
    return outcome
  }

  const holderOf = async (value: string): Promise<string | undefined> => {
    const { rows } = await database.pool.query<{ stream_id: string }>(
      `SELECT stream_id FROM ${table} WHERE scope = 'iban' AND value = $1`,
      [value],
    )
    return rows[0]?.stream_id
  }

  const check = () => new ReservationCheck(database.pool, schemas.store)

  const verified = async () => {
    const differences: ReservationDifference[] = []
    const summary = await check().verify((difference) => differences.push(difference))
    return { summary, differences }
  }

  it('are held by the stream that reserved them, and refused to any other, of which nothing is stored then', async () => {
    const store = storeOf()
    const [holder, other, value] = [uniqueName('holder'), uniqueName('other'), uniqueName('DE')]
    await append(store, requestFor([{ id: holder, reserves: [reserve('iban', value)] }]))

    const request = requestFor([
      { id: uniqueName('third') },
      { id: other, reserves: [reserve('iban', uniqueName('free')), reserve('iban', value)] },
    ])
    const before = await countOf(database.pool, 'reservations')

    expect(await append(store, request)).toEqual({
      outcome: 'reserved',
      stream: account(other),
      change: reserve('iban', value),
      holder: account(holder),
    })
    expect(await countOf(database.pool, 'reservations')).toBe(before)
    expect(await store.load(account(other))).toEqual([])
    expect(await holderOf(value)).toBe(holder)
    await expectSoundStore(database.pool)
  })

  it('are one value per scope', async () => {
    const store = storeOf()
    const value = uniqueName('DE')
    const wanted = [
      { id: uniqueName('a'), reserves: [reserve('iban', value)] },
      { id: uniqueName('b'), reserves: [reserve('e-mail', value)] },
    ]

    expect(await append(store, requestFor(wanted))).toMatchObject({ outcome: 'appended' })
  })

  it('can be reserved again by the stream that holds them, which changes nothing', async () => {
    const store = storeOf()
    const [id, value] = [uniqueName('a'), uniqueName('DE')]
    const reserves = [reserve('iban', value), reserve('iban', value)]
    await append(store, requestFor([{ id, reserves }]))

    expect(await append(store, requestFor([{ id, at: 1, reserves }]))).toMatchObject({ outcome: 'appended' })

    expect(await holderOf(value)).toBe(id)
  })

  it('are free again once released, and released only by who holds them', async () => {
    const store = storeOf()
    const [a, b, value] = [uniqueName('a'), uniqueName('b'), uniqueName('DE')]
    const change = release('iban', value)
    const refused = { outcome: 'reserved', change }

    expect(await append(store, requestFor([{ id: a, reserves: [change] }]))).toEqual({
      ...refused,
      stream: account(a),
      holder: undefined,
    })
    await append(store, requestFor([{ id: a, reserves: [reserve('iban', value)] }]))
    expect(await append(store, requestFor([{ id: b, reserves: [change] }]))).toEqual({
      ...refused,
      stream: account(b),
      holder: account(a),
    })

    expect(await append(store, requestFor([{ id: a, at: 1, reserves: [change] }]))).toMatchObject({
      outcome: 'appended',
    })
    expect(await holderOf(value)).toBeUndefined()
    await append(store, requestFor([{ id: b, reserves: [reserve('iban', value)] }]))
    expect(await holderOf(value)).toBe(b)
  })

  it('go from one stream to another in one commit, and back and forth within it', async () => {
    const store = storeOf()
    const [a, b, x, y] = [uniqueName('a'), uniqueName('b'), uniqueName('x'), uniqueName('y')]
    await append(store, requestFor([{ id: a, reserves: [reserve('iban', x)] }]))
    const handover = [
      { id: a, at: 1, reserves: [release('iban', x), reserve('iban', y), release('iban', y)] },
      { id: b, reserves: [reserve('iban', x), reserve('iban', y), release('iban', y), reserve('iban', y)] },
    ]

    expect(await append(store, requestFor(handover))).toMatchObject({ outcome: 'appended' })

    expect([await holderOf(x), await holderOf(y)]).toEqual([b, b])
    const wrongWayRound = requestFor([
      { id: a, at: 2, reserves: [reserve('iban', x)] },
      { id: b, at: 1, reserves: [release('iban', x)] },
    ])
    expect(await append(store, wrongWayRound)).toMatchObject({ outcome: 'reserved', holder: account(b) })
  })

  it('make a rival wait for the commit, and refuse it then', async () => {
    const store = storeOf()
    const [first, second, value] = [uniqueName('first'), uniqueName('second'), uniqueName('DE')]
    const client = await database.pool.connect()
    try {
      await client.query('BEGIN')
      const within = await store.appendWithin(
        client,
        requestFor([{ id: first, reserves: [reserve('iban', value)] }]),
      )
      expect(within.outcome).toBe('appended')
      const rival = append(store, requestFor([{ id: second, reserves: [reserve('iban', value)] }]))
      await waitFor(async () => (await waitingForLocks(database.pool)) === 1, { what: 'the rival to wait' })
      await client.query('COMMIT')

      expect(await rival).toMatchObject({ outcome: 'reserved', holder: account(first) })
    } finally {
      client.release()
    }
  })

  it('let a rival have them that waited while they were released', async () => {
    const store = storeOf()
    const [first, second, value] = [uniqueName('first'), uniqueName('second'), uniqueName('DE')]
    await append(store, requestFor([{ id: first, reserves: [reserve('iban', value)] }]))
    const client = await database.pool.connect()
    try {
      await client.query('BEGIN')
      await store.appendWithin(client, requestFor([{ id: first, at: 1, reserves: [release('iban', value)] }]))
      const rival = append(store, requestFor([{ id: second, reserves: [reserve('iban', value)] }]))
      await waitFor(async () => (await waitingForLocks(database.pool)) === 1, { what: 'the rival to wait' })
      await client.query('COMMIT')

      expect(await rival).toMatchObject({ outcome: 'appended' })
    } finally {
      client.release()
    }
    expect(await holderOf(value)).toBe(second)
  })

  it('go to one of many at a time; history says the same as the table, and nobody waits in a circle', async () => {
    const stores = [storeOf(12), storeOf(12)]
    const values = Array.from({ length: 4 }, () => uniqueName('contested'))
    const outcomes = new Set<string>()
    const takeAndGiveBack = async (store: PostgresEventStore, client: number) => {
      const id = uniqueName(`client-${client}`)
      const mine = [0, 1].map((step) => values[(client + step * (client % 2 === 0 ? 1 : 3)) % 4] ?? '')
      for (let round = 0, at = 0; round < 20; round++) {
        const took = await append(
          store,
          requestFor([{ id, at, reserves: mine.map((it) => reserve('iban', it)) }]),
        )
        outcomes.add(took.outcome)
        if (took.outcome !== 'appended') continue
        await append(store, requestFor([{ id, at: at + 1, reserves: mine.map((it) => release('iban', it)) }]))
        at += 2
      }
    }

    await Promise.all(
      stores.flatMap((store) => Array.from({ length: 10 }, (_, client) => takeAndGiveBack(store, client))),
    )

    expect([...outcomes].sort()).toEqual(['appended', 'reserved'])
    expect((await verified()).differences).toEqual([])
    await expectValidHistory(values)
    await expectSoundStore(database.pool)
  })

  describe('compared with history', () => {
    const [a, b, c] = ['a', 'b', 'c'].map(uniqueName) as [string, string, string]
    const [kept, lost, stolen, freed] = ['kept', 'lost', 'stolen', 'freed'].map(uniqueName) as [
      string,
      string,
      string,
      string,
    ]

    beforeEach(async () => {
      await check().repair(() => undefined)
      const store = storeOf()
      if ((await store.load(account(a))).length > 0) return
      await append(
        store,
        requestFor([{ id: a, reserves: [kept, lost, freed].map((it) => reserve('iban', it)) }]),
      )
      await append(store, requestFor([{ id: a, at: 1, reserves: [release('iban', freed)] }]))
      await append(store, requestFor([{ id: b, reserves: [reserve('iban', stolen)] }]))
    })

    const damage = async () => {
      await database.pool.query(`DELETE FROM ${table} WHERE value = $1`, [lost])
      await database.pool.query(`UPDATE ${table} SET stream_id = $2 WHERE value = $1`, [stolen, c])
      await database.pool.query(`INSERT INTO ${table} VALUES ('iban', $1, 'account', $2)`, [freed, c])
    }

    const damages = [
      { scope: 'iban', value: freed, kind: 'surplus', inHistory: undefined, inTable: account(c) },
      { scope: 'iban', value: lost, kind: 'missing', inHistory: account(a), inTable: undefined },
      { scope: 'iban', value: stolen, kind: 'otherHolder', inHistory: account(b), inTable: account(c) },
    ]

    it('are reported where the table says something else, and left as they are', async () => {
      await damage()

      const { summary, differences } = await verified()

      expect(differences).toEqual(damages)
      expect(summary.differences).toBe(3)
      expect(summary.held).toBe(await countOf(database.pool, 'reservations'))
      expect((await verified()).differences).toEqual(damages)
    })

    it('are made again, all of them, with a report of what was different', async () => {
      const before = await allReservations()
      await damage()

      const differences: ReservationDifference[] = []
      const summary = await check().repair((difference) => differences.push(difference))

      expect(differences).toEqual(damages)
      expect(summary).toEqual({ held: before.length, differences: 3 })
      expect(await allReservations()).toEqual(before)
      expect((await verified()).differences).toEqual([])
    })

    it('stay as they were when the repair fails', async () => {
      await damage()
      const before = await allReservations()
      await database.pool.query(`ALTER TABLE ${table} ADD CONSTRAINT broken CHECK (false) NOT VALID`)

      await expect(check().repair(() => undefined)).rejects.toThrow('broken')

      await database.pool.query(`ALTER TABLE ${table} DROP CONSTRAINT broken`)
      expect(await allReservations()).toEqual(before)
    })

    it('are made again after the appends that change some, which wait for the repair in turn', async () => {
      const store = storeOf()
      const [early, late] = [uniqueName('early'), uniqueName('late')]
      const client = await database.pool.connect()
      try {
        await client.query('BEGIN')
        await store.appendWithin(client, requestFor([{ id: early, reserves: [reserve('iban', early)] }]))
        const repair = check().repair(() => undefined)
        await waitFor(async () => (await waitingForLocks(database.pool)) === 1, {
          what: 'the repair to wait',
        })
        const reserving = append(store, requestFor([{ id: late, reserves: [reserve('iban', late)] }]))
        await waitFor(async () => (await waitingForLocks(database.pool)) === 2, {
          what: 'the append to wait',
        })
        expect(await append(store, requestFor([{ id: uniqueName('plain') }]))).toMatchObject({
          outcome: 'appended',
        })
        await client.query('COMMIT')

        expect((await repair).differences).toBe(0)
        expect((await reserving).outcome).toBe('appended')
      } finally {
        client.release()
      }
      expect([await holderOf(early), await holderOf(late)]).toEqual([early, late])
      expect((await verified()).differences).toEqual([])
    })

    it('are not made again while a transaction that changes some stays open', async () => {
      const store = storeOf()
      const client = await database.pool.connect()
      try {
        await client.query('BEGIN')
        const id = uniqueName('open')
        await store.appendWithin(client, requestFor([{ id, reserves: [reserve('iban', id)] }]))

        const impatient = new ReservationCheck(database.pool, schemas.store, 200)
        await expect(impatient.repair(() => undefined)).rejects.toBeInstanceOf(TimedOut)
      } finally {
        await client.query('ROLLBACK')
        client.release()
      }
    })
  })

  async function allReservations(): Promise<readonly unknown[]> {
    const { rows } = await database.pool.query<object>(`SELECT * FROM ${table} ORDER BY scope, value`)
    return rows
  }

  /** Folds history change by change: each must have been possible after the one before it. */
  async function expectValidHistory(values: readonly string[]): Promise<void> {
    const { rows } = await database.pool.query<{ value: string; kind: string; stream_id: string }>(
      `SELECT change->>'value' AS value, change->>'kind' AS kind, e.stream_id
       FROM ${schemas.store}.events e, jsonb_array_elements(e.metadata->'reservations') WITH ORDINALITY AS made (change, n)
       WHERE change->>'value' = ANY($1) ORDER BY e.position, n`,
      [values],
    )
    expect(rows.length).toBeGreaterThan(0)
    const holders = new Map<string, string>()
    for (const { value, kind, stream_id } of rows) {
      expect(holders.get(value), `${kind} of ${value}`).toBe(kind === 'reserve' ? undefined : stream_id)
      if (kind === 'reserve') holders.set(value, stream_id)
      else holders.delete(value)
    }
  }
})
