import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { compiledSource } from '../../support/compiled-source.js'

let folder: string
let source: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'runners-'))
  source = pathToFileURL(await compiledSource()).href
})
afterAll(() => rm(folder, { recursive: true, force: true }))

interface Ended {
  readonly code: number
  readonly output: string
}

/** Runs a module in a process of its own, with `$reprise` and `$testing` for the entries of the package. */
async function run(code: string, ...options: readonly string[]): Promise<Ended> {
  const file = join(folder, `${Math.random().toString(36).slice(2)}.test.mjs`)
  const text = code
    .replaceAll('$reprise', `${source}/index.js`)
    .replaceAll('$testing', `${source}/testing.js`)
  await writeFile(file, text)
  // A test run inside a test run would report to the outer one.
  const env = { ...process.env, NODE_TEST_CONTEXT: undefined }
  return new Promise((resolve) => {
    execFile(process.execPath, [...options, file], { env }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code), output: stdout + stderr })
    })
  })
}

const DOMAIN = `
import { AggregateRoot, Command, defineAggregate, defineProjection, DomainEvent, long, string, TableProjection } from '$reprise'
import { difference, given, on, rejected } from '$testing'

class MoneyDeposited extends DomainEvent('MoneyDeposited', { amount: long() }) {}
class DepositMoney extends Command('DepositMoney', { accountId: string(), amount: long() })('accountId') {}
class Account extends AggregateRoot {
  deposit({ amount }) { this.emit(new MoneyDeposited({ amount })) }
  deposited() {}
}
defineAggregate(Account, {
  name: 'account', events: [MoneyDeposited],
  handles: { deposit: [DepositMoney, { expect: 'any' }] }, applies: { deposited: MoneyDeposited },
})
class Balances extends TableProjection({ table: 'balances', key: 'id', columns: { id: string(), balance: long(0n) } }) {
  deposited({ amount }, row) { row.balance += amount }
}
defineProjection(Balances, { name: 'balances', version: 1, from: [Account], projects: { deposited: MoneyDeposited } })

const deposit = new DepositMoney({ accountId: '1', amount: 5n })
const deposited = (amount) => new MoneyDeposited({ amount })
`

const NODE_TESTS = `
import { test } from 'node:test'
${DOMAIN}
test('an aggregate', () => given(Account).when(deposit).then([deposited(AMOUNT)]))
test('a projection', () => given(Balances, [on('1', deposited(5n))]).then([{ id: '1', balance: AMOUNT }]))
`

describe('reprise/testing', () => {
  it("passes and fails in node's own runner, which shows the difference", async () => {
    const passed = await run(NODE_TESTS.replaceAll('AMOUNT', '5n'), '--test', '--test-reporter=tap')
    const failed = await run(NODE_TESTS.replaceAll('AMOUNT', '6n'), '--test', '--test-reporter=tap')

    expect(passed.output).toContain('# pass 2')
    expect(passed.code).toBe(0)
    expect(failed.output).toContain('# fail 2')
    expect(failed.output).toContain('event 1 (MoneyDeposited), amount: expected 6n, found 5n')
    expect(failed.output).toContain("row '1', balance: expected 6n, found 5n")
    expect(failed.code).toBe(1)
  })

  it("fails a test of node's own runner that returns what it should have compared", async () => {
    const forgot = `import { test } from 'node:test'\n${DOMAIN}\ntest('it', () => given(Account).when(deposit))`

    const { code, output } = await run(forgot, '--test', '--test-reporter=tap')

    expect(output).toContain('is no promise: call .then(…) on it with what you expect')
    expect(code).toBe(1)
  })

  it('works without any runner', async () => {
    const passed = await run(`${DOMAIN}\ngiven(Account).when(deposit).then([deposited(5n)])`)
    const failed = await run(`${DOMAIN}\ngiven(Account).when(deposit).then(rejected())`)

    expect(passed).toEqual({ code: 0, output: '' })
    expect(failed.output).toContain('DepositMoney was accepted, but a rejection was expected')
    expect(failed.code).toBe(1)
  })

  it('loads no runner and no driver before it is needed', async () => {
    const hooks = `
      export async function resolve(specifier, context, next) {
        const resolved = await next(specifier, context)
        process._rawDebug(resolved.url)
        return resolved
      }`
    const register = `
      import { register } from 'node:module'
      register('data:text/javascript,' + encodeURIComponent(${JSON.stringify(hooks)}))
      await import('$testing')`

    const { code, output } = await run(register)

    const packages = output
      .split('\n')
      .filter((url) => !url.startsWith(source) && !url.startsWith('data:'))
      .map((url) => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url)?.[1] ?? url)
    expect(code).toBe(0)
    expect(output).toContain(`${source}/testing/kit/given.js`)
    expect(
      packages.filter((name) => /vitest|node:test|^pg|kysely|kafkajs|embedded|inversify|pino/.test(name)),
    ).toEqual([])
  })
})
