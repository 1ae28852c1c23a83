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
class First extends Base { add(row, amount) { throw new Error('not by this build') } }
class Next extends Base { add(row, amount) { row.balance += amount } }
class Dying extends Base {
  add(row, amount) {
    if (amount === 7n) process.kill(process.pid, 'SIGKILL')
    row.balance += amount
  }
}
const Shown = defineProjection({ first: First, next: Next, dying: Dying }[process.env.TEST_BUILD], {
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

/**
 * A process that says what it parks, offers and retries, and ends as soon as it is given a deposit of 13. The first build
 * fails at all others, the next one at none, and the dying one ends at 7 as well.
 */
async function startBuild(build: 'first' | 'next' | 'dying'): Promise<ModuleProcess> {
  const started = await startBankProcess(PROGRAM, { TEST_URL: url, TEST_BUILD: build })
  onTestFinished(() => started.kill('SIGKILL'))
  return started
}

const letters = () =>
  ask(url, 'SELECT sequence_key AS key, error_name AS error FROM reprise_read.parked_events ORDER BY 1, id')

type Deposit = readonly [accountId: string, amount: bigint]

/** Accounts with these deposits in the store. */
async function deposit(...deposits: readonly Deposit[]): Promise<void> {
  await using app = await Reprise.start(defineApp({ name: 'bank', aggregates: [Account] }), quietly(url))
  const opened = new Set<string>()
  for (const [accountId, amount] of deposits) {
    if (!opened.has(accountId)) await app.execute(new OpenAccount({ accountId, owner: 'Ada' }))
    opened.add(accountId)
    await app.execute(new DepositMoney({ accountId, amount }))
  }
}

/** Has the first build park them, one account after the other. */
async function park(...accounts: readonly (readonly Deposit[])[]): Promise<void> {
  const first = await startBuild('first')
  let expected = 0
  for (const deposits of accounts) {
    await deposit(...deposits)
    expected += deposits.length
    await waitFor(async () => (await letters()).length === expected, { what: `${expected} letters` })
  }
  await first.kill('SIGKILL')
}

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
    await deposit(['a', 13n], ['b', 7n])
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

describe('a start that ends at a letter which it retries', () => {
  /** The build as a supervisor has it: dead at its first start. Its second one says what became of the letters, and lives. */
  async function startAgainAfterDeath(build: 'next' | 'dying'): Promise<void> {
    const first = await startBuild(build)
    expect(await first.ended).toBe('SIGKILL')

    const second = await startBuild(build)

    expect(await second.nextLine()).toContain('dead letters that another build failed at were retried')
    expect(await second.nextLine()).toMatch(
      /killed a process of this build.*reprise dlq retry balances --all.*reprise dlq discard/,
    )
    await second.kill('SIGKILL')
  }

  it('is the last one where the event had only waited behind another: what came before is applied, and all others', async () => {
    await park(
      [
        ['a', 9n],
        ['a', 13n],
        ['a', 1n],
      ],
      [['b', 9n]],
    )

    await startAgainAfterDeath('next')

    expect(await letters()).toEqual([
      { key: 'account-a', error: 'ProcessDied' },
      { key: 'account-a', error: null },
    ])
    expect(await shownBalances(url)).toEqual({ a: '9', b: '9' })
  })

  it('is the last one where only its build ends at the event, and what that failed with before is kept', async () => {
    await park([['a', 7n]], [['b', 9n]])

    await startAgainAfterDeath('dying')

    expect(
      await ask(url, 'SELECT error_message AS message, attempts FROM reprise_read.parked_events'),
    ).toEqual([{ message: expect.stringContaining('Error: not by this build') as string, attempts: 2 }])
    expect(await shownBalances(url)).toEqual({ b: '9' })
  })
})
