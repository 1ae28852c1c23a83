import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { appFolder, bankFolder, folderWith, runCli } from '../support/cli.js'

const stackFrame = /^\s+at .*:\d+/m

describe('the command line', () => {
  it('answers --help in no more than four times what an empty Node program takes', async () => {
    const bare: number[] = []
    const help: number[] = []
    // The least of several: the other tests keep the machine busy.
    for (let run = 0; run < 5; run++) {
      bare.push(await bareNodeTime())
      help.push(await helpTime())
    }

    expect(Math.min(...help)).toBeLessThan(4 * Math.min(...bare))
  })

  it('shows help and version on stdout', async () => {
    expect(await runCli(['--help'])).toMatchObject({ exitCode: 0, stderr: '' })
    expect((await runCli(['projection', 'rebuild', '--help'])).stdout).toContain('--swap-timeout')
    expect((await runCli(['--version'])).stdout).toMatch(/^\d+\.\d+\.\d+\n$/)
  })

  it.each([
    [['projectoin'], 'unknown command', 'Did you mean projection?'],
    [['projection', 'rebild', 'balances'], 'unknown command', 'Did you mean rebuild?'],
    [['describe', '--jsn'], 'unknown option', 'Did you mean --json?'],
    [['describe', 'more'], 'too many arguments', ''],
    [['projection', 'rebuild'], 'missing required argument', 'name'],
    [['projection', 'rebuild', 'balances', '--from', 'tape'], "'tape' is invalid", 'log, store'],
    [['projection', 'rebuild', 'balances', '--swap-timeout', 'soon'], "'soon' is invalid", '30s'],
    [['describe', '--timeout', '-5s'], 'invalid', '30s'],
    [['describe', '--app'], 'argument missing', '--app'],
    [['db'], 'Usage: reprise db', 'migrate'],
  ])('answers %o with usage: %s', async (args, problem, wayOut) => {
    const { exitCode, stdout, stderr } = await runCli(args)

    expect(stderr).toContain(problem)
    expect(stderr).toContain(wayOut)
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' })
  })

  it('says a mistake as a document with --json', async () => {
    const { exitCode, stdout, stderr } = await runCli(['projectoin', '--json'])

    expect(JSON.parse(stderr)).toMatchObject({ error: { code: 'USAGE', exitCode: 2 } })
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' })
  })
})

describe('the app module', () => {
  it.each<[string, Record<string, string>, string[], string]>([
    ['is missing', {}, [], 'there is no reprise.config.js or reprise.config.mjs in'],
    ['does not exist', {}, ['--app', 'gone.mjs'], 'gone.mjs does not exist'],
    ['is TypeScript', { 'app.ts': '' }, ['--app', 'app.ts'], 'compile it'],
    ['exports nothing', { 'reprise.config.mjs': 'export const app = 1' }, [], 'no default export'],
    ['exports something else', { 'reprise.config.mjs': 'export default {}' }, [], 'is something else'],
    ['throws', { 'reprise.config.mjs': "\nthrow new TypeError('no luck')" }, [], 'TypeError: no luck ('],
    ['has a syntax error', { 'reprise.config.mjs': '\n\nexport defualt 1' }, [], 'shows where'],
    ['imports what is not there', { 'reprise.config.mjs': "import 'not-there'" }, [], "'not-there'"],
  ])('is refused in one message when it %s', async (_case, files, args, message) => {
    const { exitCode, stdout, stderr } = await runCli(['describe', ...args], {
      folder: await folderWith(files),
    })

    expect(stderr).toContain('error: the setting --app cannot be used: ')
    expect(stderr).toContain(message)
    expect(stderr).not.toMatch(stackFrame)
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' })
  })

  it('shows where it comes from with --verbose', async () => {
    const folder = await folderWith({ 'reprise.config.mjs': "throw new TypeError('no luck')" })

    expect((await runCli(['describe', '--verbose'], { folder })).stderr).toMatch(stackFrame)
  })

  it('is found by REPRISE_APP, and by --app before that', async () => {
    const folder = await bankFolder()

    const named = await runCli(['describe'], { environment: { REPRISE_APP: `${folder}/bank.js` } })
    const flagged = await runCli(['describe', '--app', `${folder}/reprise.config.js`], {
      environment: { REPRISE_APP: 'gone.js' },
    })

    expect(named.stderr).toContain('no default export')
    expect(flagged.stdout).toContain('bank.account')
  })

  it('is refused with every fault of its definition', async () => {
    const folder = await bankFolder()
    const faulty = `import { bank } from './bank.js'
      export default { ...bank, aggregates: [...bank.aggregates, ...bank.aggregates], name: 'Bank' }`
    const { exitCode, stderr } = await runCli(['describe', '--app', 'faulty.js'], {
      folder: await folderWith({ 'faulty.js': faulty.replace('./bank.js', `${folder}/bank.js`) }),
    })

    expect(stderr).toContain('two aggregates are called account')
    expect(stderr).toContain('the app name "Bank" must match')
    expect(exitCode).toBe(2)
  })
})

describe('describe', () => {
  it('shows how the app is wired without connecting to anything', async () => {
    const unreachable = { DATABASE_URL: 'postgres://127.0.0.1:1/none', KAFKA_BROKERS: '127.0.0.1:1' }
    const run = { folder: await bankFolder(), environment: unreachable }

    const { exitCode, stdout, stderr } = await runCli(['describe', '--json'], run)

    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
    expect(JSON.parse(stdout)).toMatchObject({
      app: 'bank',
      schemas: { store: 'reprise_store', read: 'reprise_read', readModels: 'bank' },
      aggregates: [
        {
          name: 'account',
          topic: { name: 'bank.account', partitions: 4 },
          commands: [
            { name: 'OpenAccount', target: 'accountId', expect: 'noStream' },
            { name: 'DepositMoney', expect: 'streamExists' },
            { name: 'WithdrawMoney' },
            { name: 'Touch' },
          ],
          events: [
            { name: 'AccountOpened' },
            {
              name: 'MoneyDeposited',
              fields: [
                { name: 'amount', kind: 'long', optional: false },
                { name: 'reference', kind: 'string', optional: true },
              ],
            },
            { name: 'MoneyWithdrawn' },
          ],
        },
      ],
      projections: [
        {
          name: 'balances',
          kind: 'table',
          guard: 'dense',
          group: 'bank.balances.g<n>',
          handles: ['AccountOpened', 'MoneyDeposited', 'MoneyWithdrawn'],
          table: { name: 'balances', key: 'account_id', indexes: [['balance']] },
        },
        { name: 'statements', kind: 'sql', handles: ['MoneyDeposited', 'MoneyWithdrawn'] },
      ],
    })
  })

  it('shows a person state, snapshots and preparing steps, and what each projection follows and is guarded by', async () => {
    const { stdout } = await runCli(['describe'], { folder: await appFolder('hotel') })
    const facts = stdout.replaceAll(/ {2,}/g, ' ')

    expect(facts).toContain(' state version 3: guest string?, stays int\n snapshots every 50 events\n')
    expect(facts).toContain(' prepares CheckIn by FrontDesk.identify, within 2000 ms\n')
    expect(facts).toContain(' state none declared\n snapshots none\n')
    const dense = 'guard dense: each version of a stream once'
    for (const projection of [
      ` follows the log\n keyed by stream id\n ${dense}, a missing one is fetched from the store\n`,
      ` follows the log\n keyed by its own key, commutative across streams\n ${dense}, a missing one`,
      ` follows the store, in its one order\n keyed by its own key, ordered across streams\n ${dense}\n`,
      ' follows each append, in its transaction\n keyed by stream id\n guard none needed',
    ])
      expect(facts).toContain(projection)
  })

  it('says the same to a program', async () => {
    const { stdout } = await runCli(['describe', '--json'], { folder: await appFolder('hotel') })

    expect(JSON.parse(stdout)).toMatchObject({
      aggregates: [
        {
          name: 'room',
          state: { version: 3, fields: [{ name: 'guest' }, { name: 'stays' }], snapshots: { every: 50 } },
          commands: [{ preparation: { step: 'FrontDesk.identify', timeout: 2_000 } }, { name: 'CheckOut' }],
        },
        { name: 'bell' },
      ],
      projections: [
        { follows: 'log', keyedBy: 'stream id', guard: 'dense' },
        { follows: 'log', keyedBy: 'its own key', across: 'commutative', guard: 'dense' },
        { follows: 'store', keyedBy: 'its own key', across: 'ordered', guard: 'dense' },
        { follows: 'append', keyedBy: 'stream id' },
      ],
    })
  })
})

/** Writes the processor time of the program that it is preloaded into, in milliseconds, to stderr at its end. */
const reportsItsTime = `--import=data:text/javascript,${encodeURIComponent(`process.on('exit', () => {
  const { user, system } = process.cpuUsage()
  process.stderr.write(String((user + system) / 1000))
})`)}`

async function bareNodeTime(): Promise<number> {
  const { stderr } = await promisify(execFile)(process.execPath, [reportsItsTime, '--eval', ''])
  return Number(stderr)
}

async function helpTime(): Promise<number> {
  const { exitCode, stderr } = await runCli(['--help'], { environment: { NODE_OPTIONS: reportsItsTime } })
  if (exitCode !== 0) throw new Error(`--help ended with ${exitCode}: ${stderr}`)
  return Number(stderr)
}
