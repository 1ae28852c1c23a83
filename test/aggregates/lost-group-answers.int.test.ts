import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { OutcomeUnknown } from 'reprise'
import { deposit, open, withdraw } from '../support/account-commands.js'
import { DatabaseProxy } from '../support/database-proxy.js'
import { uniqueName } from '../support/kafka.js'
import { eventsIn, expectSoundStore, waitingForLocks } from '../support/store-facts.js'
import { transfer } from '../support/transfers.js'
import { waitFor } from '../support/wait-for.js'
import { schemas, useMigratedDatabase } from '../support/write-side.js'

const database = useMigratedDatabase()
let proxy: DatabaseProxy

beforeAll(async () => {
  proxy = await DatabaseProxy.before(database.url)
})

afterAll(() => proxy.close())

const newAccounts = async () => {
  const direct = database.writeSide()
  const accounts = [uniqueName('from'), uniqueName('to')] as const
  for (const account of accounts) {
    await open(direct, account)
    await deposit(direct, account, 10n)
  }
  return accounts
}

const expectOneTransfer = async (accounts: readonly string[]) => {
  for (const account of accounts) expect(await eventsIn(database.pool, account)).toHaveLength(3)
  await expectSoundStore(database.pool)
}

describe('an answer to a group that is lost', () => {
  it('is the first outcome when the group was committed', async () => {
    const side = database.writeSide({ url: proxy.url })
    const [from, to] = await newAccounts()

    proxy.loseNextAnswerTo('COMMIT')
    const receipt = await transfer(side, from, to, 10n)

    expect(receipt.streams.map(({ version }) => version)).toEqual([3, 3])
    await expectOneTransfer([from, to])
    expect((await withdraw(side, to, 20n)).version).toBe(4)
  })

  it('is decided again, whole, when the group was not committed', async () => {
    const side = database.writeSide({ url: proxy.url })
    const [from, to] = await newAccounts()

    proxy.loseNextAnswerTo('reprise-append-group')
    const receipt = await transfer(side, from, to, 10n)

    expect(receipt.streams.map(({ version }) => version)).toEqual([3, 3])
    await expectOneTransfer([from, to])
  })

  it('cannot double a group that is still under way when it is decided again', async () => {
    const side = database.writeSide({ url: proxy.url })
    const [from, to] = await newAccounts()
    const blocker = await database.pool.connect()
    await blocker.query('BEGIN')
    await blocker.query(`SELECT FROM ${schemas.store}.streams WHERE id = $1 FOR UPDATE`, [to])

    const transferring = transfer(side, from, to, 10n)
    await waitFor(async () => (await waitingForLocks(database.pool)) === 1, { what: 'the group to wait' })
    proxy.shut()
    proxy.reopen()
    await waitFor(async () => (await waitingForLocks(database.pool)) === 2, { what: 'the second to wait' })
    await blocker.query('COMMIT')
    blocker.release()

    expect((await transferring).streams.map(({ version }) => version)).toEqual([3, 3])
    await waitFor(async () => (await waitingForLocks(database.pool)) === 0, { what: 'both to end' })
    await expectOneTransfer([from, to])
  })

  it('is reported as unknown when nobody can be asked, and a retry with the same id finds out', async () => {
    const side = database.writeSide({ url: proxy.url })
    const [from, to] = await newAccounts()
    const options = { commandId: uniqueName('id') }

    proxy.shut()
    await expect(transfer(side, from, to, 10n, options)).rejects.toBeInstanceOf(OutcomeUnknown)
    proxy.reopen()

    const first = await transfer(side, from, to, 10n, options)
    expect(await transfer(side, from, to, 10n, options)).toEqual(first)
    await expectOneTransfer([from, to])
  })
})
