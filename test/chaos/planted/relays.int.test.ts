import { describe, expect, it } from 'vitest'
import type { Databases } from '../../../src/app/postgres/databases.js'
import { SLOTS } from '../../../src/log/index.js'
import { PostgresOutbox } from '../../../src/outbox/postgres/index.js'
import { deposit, open } from '../../support/account-commands.js'
import { DepositMoney } from '../../support/bank.js'
import { uniqueName } from '../../support/kafka.js'
import { within } from '../../support/within-transaction.js'
import { schemas, useMigratedDatabase } from '../../support/write-side.js'
import { Chance } from '../chance.js'
import type { PlantedFault } from '../planted.js'
import { cursorRelay } from './cursor-relay.js'
import { transactionOrder } from './transaction-order.js'

const database = useMigratedDatabase()
const everySlot = Array.from({ length: SLOTS }, (_, slot) => slot)

const shipped = (): PostgresOutbox => new PostgresOutbox(database.pool, schemas.store)
const outboxOf = ({ parts }: PlantedFault): PostgresOutbox =>
  parts(new Chance(1)).outbox?.(shipped(), { store: database.pool, schemas } as Databases) ?? shipped()

/** The ids of an account's rows, in the order in which they are claimed. */
async function claimedBy(outbox: PostgresOutbox, account: string): Promise<readonly bigint[]> {
  return (await outbox.claim(everySlot, 1_000)).filter(({ key }) => key === account).map(({ id }) => id)
}

const ascending = (ids: readonly bigint[]): readonly bigint[] => ids.toSorted((a, b) => (a < b ? -1 : 1))

describe('a relay in the order of transaction ids', () => {
  it('inverts versions when a transaction wrote early and appended late, as the shipped one does not', async () => {
    const side = database.writeSide()
    const account = uniqueName('early')
    const outbox = outboxOf(transactionOrder)
    await outbox.claim(everySlot, 1)
    await open(side, account)
    await within(side.pool, 'pg client', async ({ tx, query }) => {
      await query('SELECT pg_current_xact_id()')
      await deposit(side, account, 1n)
      await side.bus.execute(new DepositMoney({ accountId: account, amount: 2n }), { tx })
    })

    const right = await claimedBy(shipped(), account)
    const wrong = await claimedBy(outbox, account)

    expect(right).toEqual(ascending(right))
    expect(wrong).toHaveLength(3)
    expect(wrong).not.toEqual(ascending(wrong))
  })
})

describe('a relay with a cursor', () => {
  it('never claims what is committed below it, as the shipped one does', async () => {
    const side = database.writeSide()
    const [late, soon] = [uniqueName('late'), uniqueName('soon')]
    await open(side, late)
    const outbox = outboxOf(cursorRelay)
    await outbox.claim(everySlot, 1_000)
    await within(side.pool, 'pg client', async ({ tx }) => {
      await side.bus.execute(new DepositMoney({ accountId: late, amount: 1n }), { tx })
      await open(side, soon)
      expect(await claimedBy(outbox, soon)).toHaveLength(1)
    })

    expect(await claimedBy(outbox, late)).toEqual([])
    expect(await claimedBy(shipped(), late)).toHaveLength(2)
  })
})
