import {
  type CreateTables,
  defineApp,
  defineContract,
  type Delivery,
  Projection,
  Projects,
  SqlProjection,
} from 'reprise'
import { describe, expect, it } from 'vitest'
import { OrderPlaced } from '../support/consumers.js'
import { ContractLanes, foreignRecords } from '../support/contract-lanes.js'
import { lettersIn } from '../support/hand-fed.js'
import { ask, useFreshDatabases } from '../support/read-side.js'

const freshDatabase = useFreshDatabases()
const signal = new AbortController().signal

interface Tables {
  orders: { pieces: number }
}

const contract = defineContract({
  name: 'order',
  topic: 'shop.orders',
  events: [OrderPlaced],
  guard: { eventIds: 3_600_000 },
})

/** Its handler goes on when its statement has failed: the table takes each number once. */
@Projection({ name: 'orders', version: 1, from: [contract] })
class Careless extends SqlProjection<Tables> {
  static tables: CreateTables = async (db, schema) => {
    await db
      .withSchema(schema)
      .schema.createTable('orders')
      .addColumn('pieces', 'integer', (column) => column.primaryKey())
      .execute()
  }

  @Projects(OrderPlaced)
  async placed({ pieces }: OrderPlaced, { tx }: Delivery<Tables>) {
    const insert = tx.insertInto('orders').values({ pieces }).execute()
    await insert.catch(() => undefined)
  }
}

const service = defineApp({ name: 'stock', consumes: [contract], projections: [Careless] })

describe('a handler that goes on after its statement failed', () => {
  it('has its event parked with the reason, and nothing of its batch is lost or taken for applied', async () => {
    const url = await freshDatabase()
    await using lanes = await ContractLanes.open(url, service)
    const records = foreignRecords(
      lanes.lane(),
      [1, 2, 2].map((pieces, index) => ({ id: index.toString(), key: index.toString(), data: { pieces } })),
    )
    const member = lanes.member({ attempts: 2 })
    let next = await member.assigned(lanes.lane())
    for (let delivery = 0; delivery < 4 && next < 3n; delivery++)
      next = await member.deliver(lanes.lane(), records.slice(Number(next)), signal)

    expect([next, await lanes.next()]).toEqual([3n, 3n])
    expect(await ask(url, 'SELECT pieces FROM stock.orders ORDER BY pieces')).toEqual([
      { pieces: 1 },
      { pieces: 2 },
    ])
    expect(await lettersIn(url, 'orders')).toEqual([
      expect.objectContaining({
        offset: 2,
        class: 'handler',
        attempts: 2,
        message: expect.stringContaining('a statement failed and the handler went on') as string,
      }),
    ])
  })
})
