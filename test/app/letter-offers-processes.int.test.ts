import { beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { defineApp, Reprise } from 'reprise'
import { Account, DepositMoney, OpenAccount } from '../support/bank.js'
import { startBankProcess } from '../support/bank-process.js'
import { bundledSource } from '../support/bundled-source.js'
import type { ModuleProcess } from '../support/module-process.js'
import { ask, quietly, shownBalances, useFreshDatabases } from '../support/read-side.js'
import { waitFor } from '../support/wait-for.js'

const freshDatabase = useFreshDatabases()
let url = ''
// The first process of a file waits for it.
beforeAll(() => bundledSource())
beforeEach(async () => {
  url = await freshDatabase()
})

const PROGRAM = `
import { defineProjection } from '$src/index.js'
import { writeSync } from 'node:fs'

class Base extends TableProjection({
  table: 'balances', key: 'account_id', columns: { account_id: string(), balance: long(0n) },
}) {
  deposited({ amount }, row) {
    if (amount === 13n) process.kill(process.pid, 'SIGKILL')
    this.add(row, amount)
  }
}
class First extends Base { add(row, amount) { if (amount === 7n) throw new Error('not seven') } }
class Next extends Base { add(row, amount) { row.balance += amount } }
const Shown = defineProjection(process.env.TEST_BUILD === 'first' ? First : Next, {
  name: 'balances', version: 1, from: [Account], attempts: 1, projects: { deposited: MoneyDeposited },
})
const say = (facts, message) => {
  if (/dead letters|was parked/.test(message)) writeSync(1, (facts.error ?? '') + ' ' + message + '\\n')
}
await Reprise.start(
  defineApp({ name: 'bank', aggregates: [Account], projections: [Shown] }),
  {
    databaseUrl: process.env.TEST_URL, log: 'postgres', lease: 1000, retryLetters: true,
    logger: { debug() {}, info: say, warn: say, error: say },
  },
)
`

/** A process that says what it parks, offers and retries, and ends as soon as it is given a deposit of 13. */
async function startBuild(build: 'first' | 'next'): Promise<ModuleProcess> {
  const started = await startBankProcess(PROGRAM, { TEST_URL: url, TEST_BUILD: build })
  onTestFinished(() => started.kill('SIGKILL'))
  return started
}

const letters = () =>
  ask(url, 'SELECT sequence_key AS key, error_name AS error FROM reprise_read.parked_events ORDER BY 1')

/** Starts the first build until one of its processes lives, for it has parked what ended the others. */
async function dieUntilAllIsParked(): Promise<number> {
  for (let deaths = 0; deaths < 10; deaths++) {
    const process = await startBuild('first')
    const isOver = waitFor(async () => (await letters()).length === 2, {
      what: 'two letters',
      deadline: 20_000,
    })
    const outcome = await Promise.race([
      process.ended,
      isOver.then(
        () => 'lives',
        () => 'waits',
      ),
    ])
    await process.kill('SIGKILL')
    if (outcome === 'lives') return deaths
    expect(outcome).toBe('SIGKILL')
  }
  throw new Error('the event that ends its process was not parked')
}

describe('an event that ended processes of another build', () => {
  it('is offered by a start that retries letters, and not tried, at which it would end, and so would the next', async () => {
    {
      await using app = await Reprise.start(defineApp({ name: 'bank', aggregates: [Account] }), quietly(url))
      for (const [accountId, amount] of [
        ['a', 13n],
        ['b', 7n],
      ] as const) {
        await app.execute(new OpenAccount({ accountId, owner: 'Ada' }))
        await app.execute(new DepositMoney({ accountId, amount }))
      }
    }
    expect(await dieUntilAllIsParked()).toBeGreaterThan(1)
    expect(await letters()).toEqual([
      { key: 'account-a', error: 'ProcessDied' },
      { key: 'account-b', error: 'Error' },
    ])

    const next = await startBuild('next')

    expect(await next.nextLine()).toMatch(
      /killed a process of another build.*run reprise dlq retry balances --all/,
    )
    expect(await next.nextLine()).toContain('dead letters that another build failed at were retried')
    expect(await letters()).toEqual([{ key: 'account-a', error: 'ProcessDied' }])
    expect(await shownBalances(url)).toEqual({ b: '7' })
    await next.kill('SIGKILL')
  })
})
