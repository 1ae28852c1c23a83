import { CommandRejected } from 'reprise'
import { startTestApp } from 'reprise/testing'
import { beforeAll, describe, expect, it } from 'vitest'
import { Account } from '../../../examples/banking/src/account/account.js'
import { CloseAccount, OpenAccount } from '../../../examples/banking/src/account/commands.js'
import bank from '../../../examples/banking/src/app.js'
import { partAddress } from '../../support/part-address.js'

const iban = 'CZ6508000000192000145399'
const open = (accountNumber: string) => new OpenAccount({ accountNumber, iban })

let server: string
beforeAll(async () => {
  server = await partAddress('/postgres/18')
})

describe('an IBAN', () => {
  it('belongs to one open account at a time, and is not told to who asks for it', async () => {
    await using test = await startTestApp(bank, { server })
    await test.execute(open('576'))

    const refused = await test.execute(open('577')).catch((error: unknown) => error)
    await test.execute(new CloseAccount({ accountNumber: '576' }))
    await test.execute(open('577'))

    expect(refused).toBeInstanceOf(CommandRejected)
    expect(String(refused)).toContain('the value is taken in the scope iban')
    expect(JSON.stringify(refused)).not.toMatch(/576|CZ65/)
    expect(await test.app.stateAt(Account, '577')).toMatchObject({ state: { iban } })
  })
})
