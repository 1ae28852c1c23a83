import { type CreateTables, type Delivery, Projection, Projects, SqlProjection } from 'reprise'
import { Copy } from '../copy/copy.js'
import { CopyLent, CopyReturned } from '../copy/events.js'

interface LendingTables {
  lendings: {
    copy_id: string
    number: number
    member_id: string
    lent_on: string
    returned_on: string | null
  }
}

/** Every lending there ever was: several rows per copy, which a table projection by stream has not. */
@Projection({ name: 'lendings', version: 1, from: [Copy] })
export class Lendings extends SqlProjection<LendingTables> {
  static readonly tables: CreateTables = async (db, schema) => {
    await db.schema
      .withSchema(schema)
      .createTable('lendings')
      .addColumn('copy_id', 'text', (column) => column.notNull())
      .addColumn('number', 'integer', (column) => column.notNull())
      .addColumn('member_id', 'text', (column) => column.notNull())
      .addColumn('lent_on', 'date', (column) => column.notNull())
      .addColumn('returned_on', 'date')
      .addPrimaryKeyConstraint('lendings_key', ['copy_id', 'number'])
      .execute()
  }

  @Projects(CopyLent)
  async lent({ memberId, lentOn }: CopyLent, { tx, envelope }: Delivery<LendingTables>) {
    await tx
      .insertInto('lendings')
      .values({ copy_id: envelope.stream.id, number: envelope.version, member_id: memberId, lent_on: lentOn })
      .execute()
  }

  @Projects(CopyReturned)
  async returned({ returnedOn }: CopyReturned, { tx, envelope }: Delivery<LendingTables>) {
    await tx
      .updateTable('lendings')
      .set({ returned_on: returnedOn })
      .where('copy_id', '=', envelope.stream.id)
      .where('returned_on', 'is', null)
      .execute()
  }
}
