import { Kysely, PostgresDialect, sql } from 'kysely'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type App, type Direction, type PageOptions, Reprise } from 'reprise'
import { modelOf } from '../../../src/app/app-model.js'
import { queriesAfter } from '../../../src/app/reading/postgres/paged-query.js'
import { rowOrderOf } from '../../../src/app/reading/row-order.js'
import type { TableProjectionModel } from '../../../src/projections/index.js'
import { partAddress } from '../../support/part-address.js'
import { useDatabase } from '../../support/database.js'
import { quietly } from '../../support/read-side.js'
import { newDatabaseName, onServer } from '../../support/test-databases.js'
import { ORDERED, ThingRows, Things, thingsApp } from '../../support/things.js'

type ThingsPage = PageOptions<keyof (typeof Things)['columns']>

/** The first generation is made by whoever feeds it; then nobody does. */
async function startUnfed(databaseUrl: string): Promise<App> {
  await (await Reprise.start(thingsApp, quietly(databaseUrl))).stop()
  return Reprise.start(thingsApp, quietly(databaseUrl, { roles: ['api'] }))
}

/** An app with things that nobody feeds, and a session to fill them by, for all tests of the file. */
function useThings(): { readonly app: App; readonly things: ThingRows } {
  const database = useDatabase()
  const used: { app: App; things: ThingRows } = { app: undefined as never, things: undefined as never }
  beforeAll(async () => {
    used.app = await startUnfed(database.url)
    used.things = await ThingRows.open(database.url)
  })
  afterAll(async () => {
    await used.things[Symbol.asyncDispose]()
    await used.app.stop()
  })
  return used
}

async function idsOfPage(
  app: App,
  page: ThingsPage,
): Promise<{ ids: readonly string[]; next: string | undefined }> {
  const { rows, next } = await app.query(Things, (things) => things.select('id'), { page })
  return { ids: rows.map(({ id }) => id), next }
}

/** Goes through all pages; `between` happens after each. */
async function walk(
  app: App,
  page: ThingsPage,
  between: () => Promise<void> = () => Promise.resolve(),
): Promise<readonly (readonly string[])[]> {
  const pages: (readonly string[])[] = []
  let after: string | undefined
  do {
    const { ids, next } = await idsOfPage(app, { ...page, after })
    pages.push(ids)
    after = next
    await between()
  } while (after !== undefined)
  return pages
}

const used = useThings()

describe('pages of a query', () => {
  it('are in the order of the key by default, hold 50 rows, and end without a next one', async () => {
    const { app, things } = used
    await things.fill(120)

    const pages = await walk(app, {})

    expect(pages.map((ids) => ids.length)).toEqual([50, 50, 20])
    expect(pages.flat()).toEqual(await things.idsBy('id', 'asc'))
  })

  it('end without a next one where the last page is full, or there are no rows', async () => {
    const { app, things } = used
    await things.fill(6)

    expect((await walk(app, { size: 3 })).map((ids) => ids.length)).toEqual([3, 3])
    expect((await walk(app, { size: 6 })).map((ids) => ids.length)).toEqual([6])
    const none = await app.query(Things, (things) => things.where('amount', '>', 100n).selectAll(), {
      page: {},
    })
    expect(none).toMatchObject({ rows: [], next: undefined })
  })

  it.each(ORDERED.flatMap((column) => [[column, 'asc'] as const, [column, 'desc'] as const]))(
    'by %s %s hold every row once, those of one value and those without one too',
    async (orderBy, direction) => {
      const { app, things } = used
      await things.fill(47)

      const pages = await walk(app, { size: 4, orderBy, direction })

      expect(pages.flat()).toEqual(await things.idsBy(orderBy, direction))
    },
  )

  it('by a column that always has a value hold every row once', async () => {
    const { app, things } = used
    await things.fill(47)

    for (const direction of ['asc', 'desc'] as const) {
      const pages = await walk(app, { size: 5, orderBy: 'amount', direction })
      expect(pages.flat()).toEqual(await things.idsBy('amount', direction))
    }
  })

  it('compare texts as the database does, whatever its language', async () => {
    const server = await partAddress('/postgres/18')
    const name = newDatabaseName()
    await onServer(server, async (client) => {
      await client.query(
        `CREATE DATABASE ${name} TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'de-u-kn-true' LOCALE 'C'`,
      )
      await client.query(`ALTER DATABASE ${name} SET reprise.unsafe_settings = 'allow'`)
    })
    const german = new URL(server)
    german.pathname = `/${name}`
    try {
      await using app = await startUnfed(german.href)
      await using things = await ThingRows.open(german.href)
      await things.fill(47)
      for (const direction of ['asc', 'desc'] as const) {
        const pages = await walk(app, { size: 4, orderBy: 'label', direction })
        expect(pages.flat()).toEqual(await things.idsBy('label', direction))
        expect(pages.flat()).not.toEqual(await things.idsBy('label COLLATE "C"', direction))
      }
    } finally {
      await onServer(server, (client) => client.query(`DROP DATABASE ${name} WITH (FORCE)`))
    }
  })

  it.each([
    ['id', 'asc'],
    ['amount', 'desc'],
    ['label', 'asc'],
    ['label', 'desc'],
  ] as const)('by %s %s hold an unchanged row once while others come and go', async (orderBy, direction) => {
    const { app, things } = used
    await things.fill(60)
    let turn = 0

    const pages = await walk(app, { size: 7, orderBy, direction }, async () => {
      turn++
      await things.add(9, `thing4-new-${turn}-`)
      await things.delete(Array.from({ length: 9 }, (_, n) => `thing4-new-${turn - 2}-${n + 1}`))
    })

    const unchanged = pages.flat().filter((id) => !id.includes('new'))
    expect(unchanged).toHaveLength(60)
    expect(new Set(unchanged).size).toBe(60)
    expect(pages.flat().some((id) => id.includes('new'))).toBe(true)
  })

  it('give the rows as they were asked for, with whatever the query selects and filters', async () => {
    const { app, things } = used
    await things.fill(20)
    const page: ThingsPage = { size: 2, orderBy: 'amount', direction: 'desc' }
    const ask = (after?: string) =>
      app.query(
        Things,
        (things) =>
          things
            .where('size', 'is not', null)
            .select(['amount', sql<string>`upper(id)`.as('loud')])
            .select(({ selectFrom }) =>
              selectFrom('things as other')
                .select(({ fn }) => fn.countAll().as('n'))
                .as('of'),
            ),
        { page: { ...page, after } },
      )

    const first = await ask()
    const second = await ask(first.next)

    const amounts: bigint[] = [...first.rows, ...second.rows].map(({ amount }) => amount)
    expect(amounts).toEqual([6n, 6n, 5n, 5n])
    expect(first.rows.map((row) => Object.keys(row))).toEqual([
      ['amount', 'loud', 'of'],
      ['amount', 'loud', 'of'],
    ])
    expect(first.asOf.upToDate).toBe(true)
  })
})

describe('a cursor', () => {
  const encoded = (parts: unknown): string => Buffer.from(JSON.stringify(parts)).toString('base64url')

  it('can stand in a URL as it is', async () => {
    const { app, things } = used
    await things.fill(20)
    for (const orderBy of ORDERED) {
      const { next } = await idsOfPage(app, { size: 3, orderBy, direction: 'desc' })
      expect(next).toBe(encodeURIComponent(next ?? ''))
    }
  })

  it.each([
    ['nothing', ''],
    ['no text', 7],
    ['other characters', 'a b'],
    ['no JSON', 'abcd'],
    ['no list', encoded({ a: 1 })],
    ['a list that is too short', encoded([1, 'things', 'amount'])],
    ['another version', encoded([2, 'things', 'amount', 'asc', '1', 'x'])],
    ['another projection', encoded([1, 'balances', 'amount', 'asc', '1', 'x'])],
    ['another column', encoded([1, 'things', 'size', 'asc', 1, 'x'])],
    ['another direction', encoded([1, 'things', 'amount', 'desc', '1', 'x'])],
    ['a number for a long', encoded([1, 'things', 'amount', 'asc', 1, 'x'])],
    ['a text for a long', encoded([1, 'things', 'amount', 'asc', "1' OR true --", 'x'])],
    ['a long that is out of range', encoded([1, 'things', 'amount', 'asc', '9223372036854775808', 'x'])],
    ['no value where there is always one', encoded([1, 'things', 'amount', 'asc', null, 'x'])],
    ['no key', encoded([1, 'things', 'amount', 'asc', '1', null])],
    ['a key that cannot be stored', encoded([1, 'things', 'amount', 'asc', '1', 'a\0'])],
  ])('is refused that holds %s', async (_what, after) => {
    const { app, things } = used
    await things.fill(3)

    const failure: unknown = await app
      .query(Things, (things) => things.selectAll(), { page: { orderBy: 'amount', after: after as string } })
      .catch((error: unknown) => error)

    expect(failure).toMatchObject({ code: 'REPRISE_INVALID_VALUE', violations: [{ path: 'page.after' }] })
  })

  it.each([
    ['ratio', 'NaN'],
    ['ratio', '1'],
    ['paid', 'perhaps'],
    ['at', '2024-02-30T00:00:00.000Z'],
    ['token', 'x'],
    ['state', 'ajar'],
    ['raw', '%'],
    ['price', '1.234'],
    ['size', 1.5],
  ] as const)('is refused that holds for %s what it cannot hold: %s', async (orderBy, value) => {
    const { app, things } = used
    await things.fill(3)

    await expect(
      idsOfPage(app, { orderBy, after: encoded([1, 'things', orderBy, 'asc', value, 'x']) }),
    ).rejects.toMatchObject({ code: 'REPRISE_INVALID_VALUE', violations: [{ path: 'page.after' }] })
  })
})

describe('a page that cannot be had', () => {
  it.each([
    ['a size of 0', { size: 0 }, 'page.size'],
    ['a size over 1000', { size: 1001 }, 'page.size'],
    ['half a row', { size: 1.5 }, 'page.size'],
    ['a column that there is not', { orderBy: 'nothing' }, 'page.orderBy'],
    ['a column of several values', { orderBy: 'tags' }, 'page.orderBy'],
    ['a direction that there is not', { direction: 'up' }, 'page.direction'],
  ])('is refused: %s', async (_what, page, path) => {
    const { app, things } = used
    await things.fill(3)

    await expect(idsOfPage(app, page as ThingsPage)).rejects.toMatchObject({
      code: 'REPRISE_INVALID_VALUE',
      violations: [{ path }],
    })
  })

  it('is refused of a query that orders, limits, joins, groups or unites by itself', async () => {
    const { app, things } = used
    await things.fill(3)
    const page: ThingsPage = {}
    const refused = { code: 'REPRISE_INVALID_VALUE', violations: [{ path: 'page' }] }

    const queries = [
      app.query(Things, (it) => it.selectAll().orderBy('amount'), { page }),
      app.query(Things, (it) => it.selectAll().limit(3), { page }),
      app.query(Things, (it) => it.selectAll().offset(3), { page }),
      app.query(Things, (it) => it.innerJoin('things as b', 'b.id', 'things.id').select('b.id'), { page }),
      app.query(Things, (it) => it.select('id').groupBy('id'), { page }),
      app.query(Things, (it) => it.select('id').distinct(), { page }),
      app.query(Things, (it) => it.select('id').distinctOn('id'), { page }),
      app.query(Things, (it) => it.select('id').union(it.select('id')), { page }),
    ]

    for (const outcome of await Promise.allSettled(queries))
      expect(outcome).toMatchObject({ status: 'rejected', reason: refused })
  })
})

describe('the plan of a page', () => {
  const model = modelOf(thingsApp).projections[0] as TableProjectionModel

  async function planOf(things: ThingRows, orderBy: string, direction: Direction, value?: unknown) {
    const db = new Kysely<Record<string, Record<string, unknown>>>({
      dialect: new PostgresDialect({ pool: new pg.Pool({ max: 1 }) }),
    })
    const order = rowOrderOf(model, { orderBy, direction })
    const rows = db.withSchema('store_room').selectFrom('things').selectAll()
    const [query] = queriesAfter(rows, order, { value, key: 'thing500' })
    const { sql: statement, parameters } = (query ?? rows).limit(51).compile()
    const plan = await things.explain(statement, parameters)
    await db.destroy()
    return plan
  }

  it.each(['asc', 'desc'] as const)('goes on from the cursor by an index %s', async (direction) => {
    const { things } = used
    await things.fill(20_000)
    const byKey = await planOf(things, 'id', direction)
    const byAmount = await planOf(things, 'amount', direction, 3n)
    const byLabel = await planOf(things, 'label', direction, 'item 9')

    for (const [plan, index] of [
      [byKey, 'things_pkey'],
      [byAmount, 'things_amount_idx'],
      [byLabel, 'things_label_id_idx'],
    ] as const) {
      expect(plan).toContain(index)
      expect(plan).toContain('Index Cond: ')
      expect(plan).not.toContain('Seq Scan')
    }
    expect(byLabel).not.toContain('Sort')
  })
})
