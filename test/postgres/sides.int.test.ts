import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Reprise } from 'reprise'
import { migrationsOf, type Side, SIDES } from '../../src/postgres/migrate.js'
import { Balances, bank, DepositMoney, OpenAccount, Statements } from '../support/bank.js'
import { useDatabase } from '../support/database.js'
import { silentLogger } from '../support/silent-logger.js'
import { onServer } from '../support/test-databases.js'
import { schemas } from '../support/write-side.js'

const database = useDatabase()
const other = { store: 'read', read: 'store' } as const

describe('store and read side', () => {
  const statements: { readonly session: string; readonly text: string }[] = []
  const { query } = pg.Client.prototype

  beforeAll(async () => {
    // Looks on; what is asked and answered stays the same.
    pg.Client.prototype.query = function (this: pg.Client, ...parameters: [unknown]) {
      const [statement] = parameters
      const text = typeof statement === 'string' ? statement : (statement as { text?: string }).text
      const { connectionParameters } = this as unknown as {
        connectionParameters: { application_name: string }
      }
      if (text !== undefined) statements.push({ session: connectionParameters.application_name, text })
      return Reflect.apply(query, this, parameters) as never
    }
    const app = await Reprise.start(bank, {
      databaseUrl: database.url,
      log: 'postgres',
      logger: silentLogger,
    })
    await app.execute(new OpenAccount({ accountId: '1', owner: 'Ada' }))
    const receipt = await app.execute(new DepositMoney({ accountId: '1', amount: 5n }))
    await app.projections.caughtUp(Balances, receipt)
    await app.projections.caughtUp(Statements, receipt)
    await app.read(Balances).selectAll().execute()
    await app.stop()
  })

  afterAll(() => {
    pg.Client.prototype.query = query
  })

  it.each(SIDES)(
    'are apart in the migrations of the %s side: it names no table of the other',
    async (side) => {
      // Both have an outbox and an audit log of their own.
      const own = await tablesOf(side)
      const names = (await tablesOf(other[side])).filter((name) => !own.includes(name))
      expect(names.length).toBeGreaterThan(4)

      const words = new Set((await sqlOf(side)).match(/\w+/g))

      expect(names.filter((name) => words.has(name))).toEqual([])
      expect([...words].filter((word) => word.startsWith('reprise'))).toEqual([])
    },
  )

  it.each(SIDES)(
    'are apart at run time: no session of the %s side names the schemas of the other',
    (side) => {
      const own = statements.filter(({ session }) => session === `bank ${side}`)
      const foreign = side === 'store' ? [schemas.read, 'bank_', '"bank"'] : [schemas.store]

      expect(own.length).toBeGreaterThan(10)
      expect(own.filter(({ text }) => text.includes(schemas[side])).length).toBeGreaterThan(5)
      expect(own.filter(({ text }) => foreign.some((name) => text.includes(name)))).toEqual([])
    },
  )

  it('have sessions of one side or the other, and no third kind', () => {
    expect(new Set(statements.map(({ session }) => session))).toEqual(new Set(['bank store', 'bank read']))
  })

  it('are apart in the catalogue: no foreign key, view, trigger or function reaches from one into the other', async () => {
    const crossings = await onServer(database.url, async (client) => {
      const { rows } = await client.query<Record<string, string>>(
        `SELECT c.conname AS what FROM pg_constraint c
         JOIN pg_class f ON f.oid = c.conrelid JOIN pg_class t ON t.oid = c.confrelid
         WHERE c.contype = 'f' AND (f.relnamespace = $1::regnamespace) <> (t.relnamespace = $1::regnamespace)
         UNION ALL
         SELECT v.relname FROM pg_depend d
         JOIN pg_rewrite r ON r.oid = d.objid AND d.classid = 'pg_rewrite'::regclass
         JOIN pg_class v ON v.oid = r.ev_class
         JOIN pg_class t ON t.oid = d.refobjid AND d.refclassid = 'pg_class'::regclass
         WHERE v.oid <> t.oid AND (v.relnamespace = $1::regnamespace) <> (t.relnamespace = $1::regnamespace)
         UNION ALL
         SELECT g.tgname FROM pg_trigger g JOIN pg_class t ON t.oid = g.tgrelid JOIN pg_proc p ON p.oid = g.tgfoid
         WHERE NOT g.tgisinternal AND (t.relnamespace = $1::regnamespace) <> (p.pronamespace = $1::regnamespace)
         UNION ALL
         SELECT p.proname FROM pg_proc p
         WHERE p.pronamespace = $1::regnamespace AND p.prosrc LIKE '%' || $2 || '%'`,
        [schemas.store, schemas.read],
      )
      return rows
    })

    expect(crossings).toEqual([])
  })
})

/** The SQL of a side's migrations without comments and texts. */
async function sqlOf(side: Side): Promise<string> {
  return (await migrationsOf(side))
    .map(({ sql }) => sql.replaceAll(/--.*$/gm, '').replaceAll(/'[^']*'/g, "''"))
    .join('\n')
}

async function tablesOf(side: Side): Promise<readonly string[]> {
  return [...(await sqlOf(side)).matchAll(/CREATE TABLE (\w+)/g)].map(([, name]) => name ?? '')
}
