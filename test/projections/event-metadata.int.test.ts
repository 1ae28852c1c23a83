import type { Kysely } from 'kysely'
import { type ColumnType, sql } from 'kysely'
import { defineApp, type Delivery, Projection, Projects, Reprise, SqlProjection } from 'reprise'
import { describe, expect, it } from 'vitest'
import { Join, Member, MemberJoined } from '../support/club.js'
import { ask, quietly, rebuildOf, useFreshDatabases } from '../support/read-side.js'

interface Tables {
  origins: { id: string; metadata: ColumnType<unknown, string> }
  inline_origins: { id: string; metadata: ColumnType<unknown, string> }
}

async function originsTable(db: Kysely<unknown>, schema: string, table: keyof Tables) {
  await sql`CREATE TABLE ${sql.id(schema, table)} (id text PRIMARY KEY, metadata jsonb NOT NULL)`.execute(db)
}

const originOf = ({ stream, metadata }: Delivery<Tables>['envelope']) => ({
  id: stream.id,
  metadata: JSON.stringify(metadata),
})

@Projection({ name: 'origins', version: 1, from: [Member] })
class Origins extends SqlProjection<Tables> {
  static async tables(db: Kysely<unknown>, schema: string) {
    await originsTable(db, schema, 'origins')
  }

  @Projects(MemberJoined)
  async joined(_event: MemberJoined, { tx, envelope }: Delivery<Tables>) {
    await tx.insertInto('origins').values(originOf(envelope)).execute()
  }
}

@Projection({ name: 'inline_origins', version: 1, from: [Member], inline: true })
class InlineOrigins extends SqlProjection<Tables> {
  static async tables(db: Kysely<unknown>, schema: string) {
    await originsTable(db, schema, 'inline_origins')
  }

  @Projects(MemberJoined)
  async joined(_event: MemberJoined, { tx, envelope }: Delivery<Tables>) {
    await tx.insertInto('inline_origins').values(originOf(envelope)).execute()
  }
}

const club = defineApp({ name: 'club', aggregates: [Member], projections: [Origins, InlineOrigins] })
const freshDatabase = useFreshDatabases()

describe('the metadata that a projection gets', () => {
  it('is the same from the topic, from the store and in the append, and has no reserved value in it', async () => {
    const url = await freshDatabase()
    const shown = (table: string) => ask(url, `SELECT id, metadata FROM club.${table}`)
    await using app = await Reprise.start(club, quietly(url))
    const receipt = await app.execute(new Join({ memberId: '1', email: 'ada@example.org' }), {
      commandId: 'c',
    })
    await app.projections.caughtUp(Origins, receipt)

    const expected = [{ id: '1', metadata: { commandId: 'c', correlationId: 'c', causationId: 'c' } }]
    expect(await shown('origins')).toEqual(expected)
    expect(await shown('inline_origins')).toEqual(expected)

    await rebuildOf(url, 'origins', { app: club, from: 'store' })
    expect(await shown('origins')).toEqual(expected)
    expect((await app.history(Member, '1')).map(({ metadata }) => metadata)).toEqual([expected[0]?.metadata])
  })
})
