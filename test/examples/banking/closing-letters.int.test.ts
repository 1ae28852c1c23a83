import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startTestApp } from 'reprise/testing'
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { Account } from '../../../examples/banking/src/account/account.js'
import { CloseAccount, OpenAccount } from '../../../examples/banking/src/account/commands.js'
import { AccountClosed } from '../../../examples/banking/src/account/events.js'
import bank from '../../../examples/banking/src/app.js'
import { ClosingLetters } from '../../../examples/banking/src/letters/closing-letters.js'
import { partAddress } from '../../support/part-address.js'
import { waitFor } from '../../support/wait-for.js'

let server: string
let folder = ''
beforeAll(async () => {
  server = await partAddress('/postgres/18')
})
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'reprise-letters-'))
  vi.stubEnv('BANK_LETTERS', folder)
})
afterEach(async () => {
  vi.unstubAllEnvs()
  await rm(folder, { recursive: true, force: true })
})

const lettersIn = async (): Promise<readonly string[]> =>
  Promise.all((await readdir(folder)).map((name) => readFile(join(folder, name), 'utf8')))

describe('a closed account', () => {
  it('has its owner written to, once', async () => {
    await using test = await startTestApp(bank, { server })
    await test.execute(new OpenAccount({ accountNumber: '576', iban: undefined }))
    await test.execute(new OpenAccount({ accountNumber: '577', iban: undefined }))
    await test.execute(new CloseAccount({ accountNumber: '576' }))
    await waitFor(async () => (await lettersIn()).length > 0, { what: 'the letter' })

    const [, closed] = await test.history(Account, '576')
    const { closedOn } = closed?.event as AccountClosed
    expect(await lettersIn()).toEqual([`Your account 576 was closed on ${closedOn}.\n`])
    expect(await readdir(folder)).toEqual([`${test.name}.closing_letters-${closed?.eventId ?? ''}.txt`])
  })

  it('gets no second letter where the first one is written again', async () => {
    await using test = await startTestApp(bank, { server })
    await test.execute(new OpenAccount({ accountNumber: '576', iban: undefined }))
    const [envelope] = await test.history(Account, '576')
    if (envelope === undefined) throw new Error('it was opened')
    const event = new AccountClosed({ closedOn: '2026-03-01' })
    const { signal } = new AbortController()
    const context = { idempotencyKey: 'banking.closing_letters:1', envelope: { ...envelope, event }, signal }

    await new ClosingLetters().closed(event, context)
    await new ClosingLetters().closed(event, context)

    expect(await lettersIn()).toEqual(['Your account 576 was closed on 2026-03-01.\n'])
  })
})
