import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Reprise } from 'reprise'
import { beforeAll, expect, it } from 'vitest'
import { Balances, bank, DepositMoney, OpenAccount } from '../support/bank.js'
import { bankFolder, runCli } from '../support/cli.js'
import { useDatabase } from '../support/database.js'
import { quietly, shownBalances } from '../support/read-side.js'

const database = useDatabase()
let folder = ''

/** A build that cannot apply one of the events that the build before it could. */
beforeAll(async () => {
  folder = await bankFolder()
  const module = await readFile(join(folder, 'bank.js'), 'utf8')
  const failing = module.replace(
    'row.balance += amount',
    `if (amount === 13n) throw new Error('unlucky'); $&`,
  )
  expect(failing).not.toBe(module)
  await writeFile(join(folder, 'bank.js'), failing)
  await using app = await Reprise.start(bank, quietly(database.url))
  for (const [accountId, amount] of [
    ['lucky', 5n],
    ['unlucky', 13n],
  ] as const) {
    await app.execute(new OpenAccount({ accountId, owner: 'Ada' }))
    const receipt = await app.execute(new DepositMoney({ accountId, amount }))
    await app.projections.caughtUp(Balances, receipt)
  }
})

const rebuild = (...args: readonly string[]) =>
  runCli(['projection', 'rebuild', 'balances', ...args], {
    folder,
    environment: { DATABASE_URL: database.url },
  })

it('a rebuild that could not apply an event is refused, and says how it is allowed', async () => {
  const refused = await rebuild()
  const fewer = await rebuild('--allow-parked', '0')

  for (const { exitCode, stdout, stderr } of [refused, fewer]) {
    expect({ exitCode, stdout }).toEqual({ exitCode: 3, stdout: '' })
    expect(stderr).toContain('no swap if an event cannot be applied; --allow-parked <n> allows some')
    expect(stderr).toMatch(
      /not rebuilt: readers of balances go on with generation 1; generation \d is not kept/,
    )
    expect(stderr).toMatch(/1 event is parked .*: unlucky; .* --allow-parked 1\n$/)
  }
  expect(await shownBalances(database.url)).toEqual({ lucky: '5', unlucky: '13' })
})

it('--allow-parked swaps all the same, after the plan has said what is missing then', async () => {
  const { exitCode, stdout, stderr } = await rebuild('--allow-parked', '1')

  expect(stderr).toContain(
    'no swap if more than 1 cannot be applied; events that cannot are missing to readers then',
  )
  expect(stdout).toMatch(/^rebuilt balances: readers see generation \d now/)
  expect(exitCode).toBe(0)
  expect(await shownBalances(database.url)).toEqual({ lucky: '5', unlucky: '0' })
})

it('--allow-parked takes a whole number', async () => {
  const { exitCode, stderr } = await rebuild('--allow-parked', 'all')

  expect(exitCode).toBe(2)
  expect(stderr).toContain('It must be a whole number from 0 on.')
})
