import { describe, expect, it } from 'vitest'
import { PostgresEventStore } from '../../../src/aggregates/postgres/event-store.js'
import { InlineProjectionUnknown } from '../../../src/core/errors/index.js'
import type { AppendRequest, EventStore } from '../../../src/core/ports/event-store.js'
import type { InlineProjections } from '../../../src/core/ports/inline-projections.js'
import { routingFor } from '../../../src/outbox/routing.js'
import { lockOutAppendsStatement } from '../../../src/postgres/append-order.js'
import { inTransaction } from '../../../src/postgres/pool.js'
import { account, requestFor, reserve } from '../../support/append-requests.js'
import { uniqueName } from '../../support/kafka.js'
import { expectSoundStore } from '../../support/store-facts.js'
import { waitFor } from '../../support/wait-for.js'
import { schemas, useMigratedDatabase } from '../../support/write-side.js'

describe.each([18, 15] as const)(
  'an append past an inline projection of another build on Postgres %i',
  (server) => {
    const database = useMigratedDatabase({ server })
    const storeOf = (inline?: InlineProjections<never>): EventStore =>
      new PostgresEventStore(database.connect(4), schemas.store, routingFor('bank'), {
        inline: inline as never,
      })

    /** What a build does when its projection has come level, for a new one each time. */
    const record = (type: string, work: () => Promise<void> = () => Promise.resolve()): Promise<void> =>
      inTransaction(database.pool, async (client) => {
        await client.query(lockOutAppendsStatement(schemas.store), [[type]])
        await work()
        await client.query(`SELECT setval('${schemas.store}.inline_recorded', 2)`)
        await client.query(`INSERT INTO ${schemas.store}.inline_projections VALUES ($1, $2)`, [
          type,
          'emails',
        ])
      })

    const waiting = async (): Promise<number> => {
      const { rows } = await database.pool.query<{ waiting: number }>(
        `SELECT count(*)::int AS waiting FROM pg_locks l JOIN pg_database d ON d.oid = l.database
       WHERE d.datname = current_database() AND l.locktype = 'advisory' AND NOT l.granted`,
      )
      return rows[0]?.waiting ?? 0
    }

    const requestsOf = (type: string): readonly (readonly [string, AppendRequest])[] => [
      ['one stream', requestFor([{ id: uniqueName('a'), type }])],
      ['several', requestFor([{ id: uniqueName('b'), type }, { id: uniqueName('c') }])],
      [
        'one stream and a value',
        requestFor([{ id: uniqueName('d'), type, reserves: [reserve('iban', uniqueName('v'))] }]),
      ],
    ]

    it('is refused, also where it had begun before that was there', async () => {
      const type = uniqueName('t').replaceAll('-', '_')
      const store = storeOf()
      for (const [, request] of requestsOf(type))
        expect(await store.append([request])).toMatchObject([{ outcome: 'appended' }])
      const requests = requestsOf(type)
      let appends: readonly Promise<unknown>[] = []

      // They take their snapshots before they wait, and find the lock free only when everything is there.
      await record(type, async () => {
        appends = requests.map(([, request]) => store.append([request]).catch((error: unknown) => error))
        await waitFor(async () => (await waiting()) === requests.length, { what: 'the appends to wait' })
      })

      for (const failure of await Promise.all(appends)) {
        expect(failure).toBeInstanceOf(InlineProjectionUnknown)
        expect((failure as InlineProjectionUnknown).projections).toEqual(['emails'])
      }
      for (const [, request] of requestsOf(type))
        await expect(store.append([request])).rejects.toThrow(
          'inline projection emails, which this build does not have',
        )
      for (const [, { streams }] of requests)
        for (const { stream } of streams) expect(await store.load(stream)).toEqual([])
      await expectSoundStore(database.pool)
    })

    it('is taken where the build has it, and where it is of another type', async () => {
      const type = uniqueName('t').replaceAll('-', '_')
      await record(type)
      const known = storeOf({
        streamTypes: new Set([type]),
        names: ['others', 'emails'],
        apply: () => Promise.resolve(),
      })
      const partly = storeOf({
        streamTypes: new Set([type]),
        names: ['others'],
        apply: () => Promise.resolve(),
      })

      for (const [, request] of requestsOf(type))
        expect(await known.append([request])).toMatchObject([{ outcome: 'appended' }])
      expect(await storeOf().append([requestFor([{ id: uniqueName('z') }])])).toMatchObject([
        { outcome: 'appended' },
      ])
      for (const [, request] of requestsOf(type))
        await expect(partly.append([request])).rejects.toBeInstanceOf(InlineProjectionUnknown)
    })

    it("leaves a caller's transaction usable", async () => {
      const type = uniqueName('t').replaceAll('-', '_')
      await record(type)
      const store = storeOf()
      const id = uniqueName('kept')

      await inTransaction(database.pool, async (client) => {
        const refused = store.appendWithin(client, requestFor([{ id: uniqueName('a'), type }]))
        await expect(refused).rejects.toBeInstanceOf(InlineProjectionUnknown)
        await store.appendWithin(client, requestFor([{ id }]))
      })

      expect(await store.load(account(id))).toHaveLength(1)
    })
  },
)
