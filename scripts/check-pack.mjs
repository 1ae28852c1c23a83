// Packs the library, installs the tarball into an empty folder with install scripts off, and compiles and runs a consumer.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc')
const folder = mkdtempSync(join(tmpdir(), 'reprise-pack-'))
const run = (command, ...parameters) =>
  execFileSync(command, parameters, { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] })

const APP = `
import { Aggregate, AggregateRoot, Applies, Command, defineApp, DomainEvent, Handles, long, string } from 'reprise'

export class MoneyDeposited extends DomainEvent('MoneyDeposited', { amount: long() }) {}
export class DepositMoney extends Command('DepositMoney', { accountId: string(), amount: long() })('accountId') {}

@Aggregate({ name: 'account', events: [MoneyDeposited] })
export class Account extends AggregateRoot<MoneyDeposited> {
  balance = 0n
  @Handles(DepositMoney, { expect: 'any' })
  deposit({ amount }: DepositMoney) { this.emit(new MoneyDeposited({ amount })) }
  @Applies(MoneyDeposited)
  deposited({ amount }: MoneyDeposited) { this.balance += amount }
}

export default defineApp({ name: 'consumer', aggregates: [Account] })
`

const CONSUMER = `
import { Account, DepositMoney } from './app.js'

const account = new Account('1')
account.deposit(new DepositMoney({ accountId: '1', amount: 5n }))
process.stdout.write('balance ' + String(account.balance) + '\\n')
`

const TSCONFIG = {
  compilerOptions: {
    target: 'es2022',
    module: 'nodenext',
    strict: true,
    exactOptionalPropertyTypes: true,
    experimentalDecorators: true,
    skipLibCheck: false,
    types: ['node'],
    typeRoots: [resolve('node_modules/@types')],
  },
  files: ['app.ts', 'consumer.ts'],
}

try {
  const packed = JSON.parse(
    execFileSync('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', folder], {
      encoding: 'utf8',
    }),
  )
  // A list in npm up to 11, an object by package name later.
  const [{ filename, files }] = Object.values(packed)
  const strangers = files
    .map(({ path }) => path)
    .filter((path) => !/^(dist\/|package\.json|README\.md|LICENSE|CHANGELOG\.md)/.test(path))
  if (strangers.length > 0) throw new Error(`the tarball holds what it should not: ${strangers.join(', ')}`)

  writeFileSync(
    join(folder, 'package.json'),
    JSON.stringify({ name: 'consumer', private: true, type: 'module' }),
  )
  run('npm', 'install', '--ignore-scripts', '--no-audit', '--no-fund', join(folder, filename))
  writeFileSync(join(folder, 'app.ts'), APP)
  writeFileSync(join(folder, 'consumer.ts'), CONSUMER)
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(TSCONFIG))
  run(process.execPath, tsc, '-p', folder)

  const output = run(process.execPath, 'consumer.js')
  if (output !== 'balance 5\n') throw new Error(`the consumer printed ${JSON.stringify(output)}`)
  const { version } = JSON.parse(readFileSync('package.json', 'utf8'))
  const printed = run(join(folder, 'node_modules/.bin/reprise'), '--version').trim()
  if (printed !== version) throw new Error(`reprise --version printed ${printed}, not ${version}`)
  const described = JSON.parse(
    run(join(folder, 'node_modules/.bin/reprise'), 'describe', '--json', '--app', 'app.js'),
  )
  if (described.app !== 'consumer') throw new Error('reprise describe did not read the app')
  console.log(`the tarball ${filename} installs, compiles and runs (${files.length} files)`)
} finally {
  rmSync(folder, { recursive: true, force: true })
}
