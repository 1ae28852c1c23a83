import { Kysely, PostgresDialect, sql } from 'kysely'
import pg from 'pg'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  CommandRejected,
  defineApp,
  type Delivery,
  InlineProjectionFailed,
  Projection,
  Projects,
  Reprise,
  SqlProjection,
  TimedOut,
} from 'reprise'
import { projectionStatus } from '../../src/projections/projection-status.js'
import { expectInlineToEqualTheStore, MemberLoad } from '../support/inline-facts.js'
import {
  Emails,
  inlineClub,
  Join,
  Joined,
  Kinds,
  Member,
  Move,
  Profiles,
  QuitClub,
} from '../support/inline-members.js'
import { ask, quietly, ReadSide, useFreshDatabases } from '../support/read-side.js'

const freshDatabase = useFreshDatabases()
let url = ''
beforeEach(async () => {
  url = await freshDatabase()
})

const closing: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

const start = (definition = inlineClub) => Reprise.start(definition, quietly(url))
const events = async (): Promise<number> =>
  (await ask<{ events: number }>(url, 'SELECT count(*)::int AS events FROM reprise_store.events'))[0]
    ?.events ?? 0

describe('inline projections', () => {
  it('show every event in the moment in which its command is accepted', async () => {
    await using app = await start()

    const first = await app.execute(new Join({ memberId: 'a', email: 'a@x.org' }))
    const rows = await app.read(Profiles).selectAll().execute()
    await app.execute(new Move({ memberId: 'a', email: 'b@x.org' }))
    const moved = await app.read(Emails, 'emails').selectAll().execute()
    await app.execute(new QuitClub({ memberId: 'a' }))

    expect(first.version).toBe(1)
    expect(rows).toEqual([{ member_id: 'a', email: 'a@x.org', events: 1n }])
    expect(moved).toEqual([{ member_id: 'a', email: 'b@x.org' }])
    expect(await app.read(Profiles).selectAll().execute()).toEqual([])
    expect(await app.read(Kinds).selectAll().orderBy('kind').execute()).toEqual([
      { kind: 'with an e-mail', events: 2n },
      { kind: 'without', events: 1n },
    ])
    await expectInlineToEqualTheStore(url)
  })

  it('equal the store in every snapshot while many commands are executed by two processes', async () => {
    await using app = await start()
    await using other = await start()
    const loads = [new MemberLoad(app, 6, 'one'), new MemberLoad(other, 6, 'two')]

    for (let look = 0; look < 25; look++) await expectInlineToEqualTheStore(url)
    const accepted = await Promise.all(loads.map((load) => load.end()))

    await expectInlineToEqualTheStore(url)
    expect(await events()).toBe(accepted.reduce((sum, it) => sum + it, 0))
    expect(loads.every(({ rejected }) => rejected > 0)).toBe(true)
  })

  it('let one of many clients have a value that is unique, and refuse the others', async () => {
    await using app = await start()
    await using other = await start()
    const claims = Array.from({ length: 16 }, (_, n) =>
      (n % 2 === 0 ? app : other).execute(new Join({ memberId: `m-${n}`, email: 'secret@x.org' })),
    )

    const outcomes = await Promise.allSettled(claims)

    const refusals = outcomes.flatMap((it) => (it.status === 'rejected' ? [it.reason as unknown] : []))
    expect(refusals).toHaveLength(15)
    for (const refusal of refusals) {
      expect(refusal).toBeInstanceOf(CommandRejected)
      expect((refusal as CommandRejected).facts).toEqual({
        projection: 'emails',
        constraint: 'emails_email_key',
      })
      expect(JSON.stringify(refusal) + String(refusal) + String((refusal as Error).cause)).not.toContain(
        'secret',
      )
    }
    expect(await events()).toBe(1)
    expect(await ask(url, 'SELECT count(*)::int AS heads FROM reprise_store.streams')).toEqual([{ heads: 1 }])
    await expectInlineToEqualTheStore(url)
  })

  it('give a value free with the commit that gives it up', async () => {
    await using app = await start()
    await app.execute(new Join({ memberId: 'a', email: 'a@x.org' }))
    await expect(app.execute(new Join({ memberId: 'b', email: 'a@x.org' }))).rejects.toBeInstanceOf(
      CommandRejected,
    )

    await app.executeAll([
      new Move({ memberId: 'a', email: 'c@x.org' }),
      new Join({ memberId: 'b', email: 'a@x.org' }),
    ])

    await expectInlineToEqualTheStore(url)
  })

  it('are written for a group of commands as a whole, or not at all', async () => {
    await using app = await start()
    await app.executeAll([
      new Join({ memberId: 'a', email: 'a@x.org' }),
      new Join({ memberId: 'b', email: 'b@x.org' }),
    ])

    const refused = app.executeAll([
      new Join({ memberId: 'c', email: 'c@x.org' }),
      new Move({ memberId: 'a', email: 'a2@x.org' }),
      new Join({ memberId: 'd', email: 'b@x.org' }),
    ])

    await expect(refused).rejects.toBeInstanceOf(CommandRejected)
    expect(await events()).toBe(2)
    await expectInlineToEqualTheStore(url)
  })

  it('hold back nobody who waits for them, and show no lag', async () => {
    await using app = await start()
    const receipt = await app.execute(new Join({ memberId: 'a', email: 'a@x.org' }))

    await app.projections.caughtUp(Profiles, receipt, { timeout: 0 })
    await expect(
      app.projections.caughtUp(Profiles, { ...receipt, version: 2 }, { timeout: 50 }),
    ).rejects.toBeInstanceOf(TimedOut)

    await using side = await ReadSide.open(url, inlineClub)
    expect(await projectionStatus(side.parts('profiles'))).toMatchObject({
      kind: 'table',
      inline: true,
      generation: 1,
      state: 'ready',
      lanes: [],
      lag: 0n,
    })
    expect(await ask(url, `SELECT FROM reprise_read.checkpoints WHERE projection = 'profiles'`)).toEqual([])
    expect(app.counters.applied).not.toHaveProperty('profiles')
  })

  it('are written once when a command id comes a second time', async () => {
    await using app = await start()
    const command = new Join({ memberId: 'a', email: 'a@x.org' })
    await Promise.all(Array.from({ length: 5 }, () => app.execute(command, { commandId: 'c-1' })))

    expect(await events()).toBe(1)
    await expectInlineToEqualTheStore(url)
  })
})

describe("inline projections in a caller's transaction", () => {
  const kysely = (): Kysely<unknown> => {
    const db = new Kysely<unknown>({
      dialect: new PostgresDialect({ pool: new pg.Pool({ connectionString: url }) }),
    })
    closing.push(() => db.destroy())
    return db
  }

  it('are seen in it, and by others only once it has committed', async () => {
    await using app = await start()
    const receipt = await kysely()
      .transaction()
      .execute(async (tx) => {
        const receipt = await app.execute(new Join({ memberId: 'a', email: 'a@x.org' }), { tx })
        const { rows } = await sql<{ email: string }>`SELECT email FROM club.emails`.execute(tx)
        expect(rows).toEqual([{ email: 'a@x.org' }])
        expect(await app.read(Emails, 'emails').selectAll().execute()).toEqual([])
        await expect(app.projections.caughtUp(Emails, receipt, { timeout: 50 })).rejects.toBeInstanceOf(
          TimedOut,
        )
        return receipt
      })

    await app.projections.caughtUp(Emails, receipt, { timeout: 0 })
    await expectInlineToEqualTheStore(url)
  })

  it('go with it when it is rolled back', async () => {
    await using app = await start()
    const client = new pg.Client({ connectionString: url })
    await client.connect()
    closing.push(() => client.end())
    await client.query('BEGIN')
    await app.execute(new Join({ memberId: 'a', email: 'a@x.org' }), { tx: client })
    await client.query('ROLLBACK')

    expect(await events()).toBe(0)
    await expectInlineToEqualTheStore(url)
    await app.execute(new Join({ memberId: 'a', email: 'a@x.org' }))
    await expectInlineToEqualTheStore(url)
  })

  it('leave it usable when they refuse, with what it did before', async () => {
    await using app = await start()
    await app.execute(new Join({ memberId: 'a', email: 'a@x.org' }))
    await kysely()
      .transaction()
      .execute(async (tx) => {
        await app.execute(new Join({ memberId: 'b', email: 'b@x.org' }), { tx })
        await expect(
          app.execute(new Join({ memberId: 'c', email: 'a@x.org' }), { tx }),
        ).rejects.toBeInstanceOf(CommandRejected)
        await app.execute(new Join({ memberId: 'd', email: 'd@x.org' }), { tx })
      })

    expect(await events()).toBe(3)
    await expectInlineToEqualTheStore(url)
  })
})

describe('a handler of an inline projection that fails', () => {
  @Projection({ name: 'fussy', version: 1, from: [Member], inline: true })
  class Fussy extends SqlProjection<{ fussy: { id: string } }> {
    static async tables(db: Kysely<unknown>, schema: string) {
      await db.schema.withSchema(schema).createTable('fussy').addColumn('id', 'integer').execute()
    }

    @Projects(Joined)
    async joined({ email }: Joined, { tx }: Delivery) {
      if (email.startsWith('throw')) throw new TypeError('not this one')
      if (email.startsWith('sql')) await sql`SELECT 1 / 0`.execute(tx)
    }
  }
  const fussyClub = defineApp({ name: 'club', aggregates: [Member], projections: [Fussy] })

  it.each([
    ['throw@x.org', 'not this one', TypeError],
    ['sql@x.org', 'division by zero', Error],
  ])(
    'fails the command of %s with its own error, and nothing is stored or parked',
    async (email, words, type) => {
      await using app = await start(fussyClub)

      const failure: unknown = await app
        .execute(new Join({ memberId: 'a', email }))
        .catch((error: unknown) => error)

      expect(failure).toBeInstanceOf(InlineProjectionFailed)
      expect(String(failure)).toContain(words)
      expect((failure as InlineProjectionFailed).cause).toBeInstanceOf(type)
      expect((failure as InlineProjectionFailed).facts).toEqual({
        projection: 'fussy',
        stream: 'member-a',
        version: 1,
        type: 'Joined',
      })
      expect(await events()).toBe(0)
      await app.execute(new Join({ memberId: 'a', email: 'fine@x.org' }))
      expect(await events()).toBe(1)
    },
  )
})
