import { beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { Reprise } from 'reprise'
import { bankActing, type Deed, expectedKeys, notesThat } from '../support/acting-bank.js'
import { DepositMoney, OpenAccount } from '../support/bank.js'
import { startBankProcess } from '../support/bank-process.js'
import { bundledSource } from '../support/bundled-source.js'
import type { ModuleProcess } from '../support/module-process.js'
import { ask, quietly, useFreshDatabases } from '../support/read-side.js'
import { waitFor } from '../support/wait-for.js'

const freshDatabase = useFreshDatabases()
let url = ''
// The first process of a file waits for it.
beforeAll(() => bundledSource())
beforeEach(async () => {
  url = await freshDatabase()
})

/** A process with effects that writes the key of what it acts on, and has acted when it is sent a line. */
async function startActor(): Promise<ModuleProcess> {
  const actor = await startBankProcess(
    `
import { defineEffects } from '$src/index.js'
import { writeSync } from 'node:fs'

class Notes {
  async deposited(event, { idempotencyKey }) {
    writeSync(1, idempotencyKey + '\\n')
    await new Promise((resolve) => process.stdin.once('data', resolve))
    setTimeout(() => writeSync(1, 'acted\\n'), 100)
  }
}
defineEffects(Notes, { name: 'notes', from: [Account], timeout: '1m', on: { deposited: MoneyDeposited } })
const app = await Reprise.start(
  defineApp({ name: 'bank', aggregates: [Account], effects: [Notes] }),
  { databaseUrl: process.env.TEST_URL, log: 'postgres', lease: 1000, logLevel: 'silent' },
)
await app.execute(new OpenAccount({ accountId: 'a', owner: 'Ada' }))
await app.execute(new DepositMoney({ accountId: 'a', amount: 1n }))
`,
    { TEST_URL: url },
  )
  onTestFinished(() => actor.kill('SIGKILL'))
  return actor
}

/** What this process has done by the time that it is level. */
async function deedsHere(work: (deeds: readonly Deed[]) => Promise<void>): Promise<readonly Deed[]> {
  const deeds: Deed[] = []
  await using app = await Reprise.start(bankActing(notesThat((deed) => void deeds.push(deed))), quietly(url))
  await work(deeds)
  await app.execute(new OpenAccount({ accountId: 'b', owner: 'Bob' }))
  await app.execute(new DepositMoney({ accountId: 'a', amount: 2n }))
  await waitFor(() => deeds.length === 2, { what: 'what the other one left, and what came after' })
  return deeds
}

const nothing = () => Promise.resolve()

describe('a process that acts', () => {
  it('and is killed within a handler leaves the event to the next one, which acts under the same key', async () => {
    const actor = await startActor()
    const key = await actor.nextLine()
    await actor.kill('SIGKILL')

    const deeds = await deedsHere(nothing)

    expect(deeds.map((deed) => deed.key)).toEqual(await expectedKeys(url))
    expect(deeds[0]?.key).toBe(key)
  })

  it('and is paused within a handler past its lease does not keep others from acting, and cannot commit afterwards', async () => {
    const actor = await startActor()
    const key = await actor.nextLine()
    process.kill(actor.pid, 'SIGSTOP')

    const deeds = await deedsHere(async (done) => {
      await waitFor(() => done.length === 1, { what: 'the successor to act', deadline: 15_000 })
      process.kill(actor.pid, 'SIGCONT')
      actor.send('go on')
      expect(await actor.nextLine()).toBe('acted')
    })

    expect(deeds.map((deed) => deed.key)).toEqual(await expectedKeys(url))
    expect(deeds[0]?.key).toBe(key)
    expect(await ask(url, 'SELECT FROM reprise_read.parked_events')).toEqual([])
    await actor.kill('SIGKILL')
  })
})
