import { AggregateNotFound, CommandRejected, InvalidValue } from 'reprise'
import { startTestApp, type TestApp } from 'reprise/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Account } from '../../../examples/banking/src/account/account.js'
import { CloseAccount, Deposit, OpenAccount } from '../../../examples/banking/src/account/commands.js'
import { transferMoney } from '../../../examples/banking/src/account/transfer-money.js'
import bank from '../../../examples/banking/src/app.js'
import { partAddress } from '../../support/part-address.js'

let test: TestApp
beforeAll(async () => {
  test = await startTestApp(bank, { server: await partAddress('/postgres/18') })
  for (const accountNumber of ['rich', 'poor', 'gone']) await test.execute(new OpenAccount({ accountNumber }))
  await test.execute(new Deposit({ accountNumber: 'rich', amount: 500n }))
  await test.execute(new CloseAccount({ accountNumber: 'gone' }))
})
afterAll(() => test.stop())

const balance = async (account: string): Promise<bigint> =>
  (await test.app.stateAt(Account, account))?.state.balance ?? 0n
const lastOf = async (account: string) => (await test.app.history(Account, account)).at(-1)

describe('transferMoney', () => {
  it('books both accounts in one commit, under one correlation id', async () => {
    const receipt = await transferMoney(test.app, { from: 'rich', to: 'poor', amount: 100n })

    const [sent, received] = [await lastOf('rich'), await lastOf('poor')]
    expect(receipt.streams).toEqual([
      { stream: 'account-rich', version: 3 },
      { stream: 'account-poor', version: 2 },
    ])
    expect(sent?.event).toMatchObject({ amount: 100n, operation: 'transferOut', partnerAccount: 'poor' })
    expect(received?.event).toMatchObject({ amount: 100n, operation: 'transferIn', partnerAccount: 'rich' })
    expect(received?.metadata.correlationId).toBe(sent?.metadata.correlationId)
    expect(received?.metadata.commandId).toBe(sent?.metadata.commandId)
  })

  it('is made once, however often it is asked for under one id', async () => {
    const before = await balance('poor')
    const transfer = { from: 'rich', to: 'poor', amount: 7n }

    const first = await transferMoney(test.app, transfer, { commandId: 'rent' })
    const second = await transferMoney(test.app, transfer, { commandId: 'rent' })

    expect(second).toEqual(first)
    expect(await balance('poor')).toBe(before + 7n)
  })

  it.each([
    ['without cover', { from: 'rich', to: 'poor', amount: 501n }, CommandRejected],
    ['to a closed account', { from: 'rich', to: 'gone', amount: 1n }, CommandRejected],
    ['to an account that there is not', { from: 'rich', to: 'nobody', amount: 1n }, AggregateNotFound],
    ['to the account itself', { from: 'rich', to: 'rich', amount: 1n }, InvalidValue],
  ])('books nothing %s', async (_what, transfer, error) => {
    const before = await Promise.all(['rich', 'poor'].map(balance))

    await expect(transferMoney(test.app, transfer)).rejects.toBeInstanceOf(error)

    expect(await Promise.all(['rich', 'poor'].map(balance))).toEqual(before)
  })
})
