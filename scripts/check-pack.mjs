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

const CONSUMER = `
import { Aggregate, AggregateRoot, Applies, Command, defineApp, DomainEvent, Handles, long, string } from 'reprise'

class MoneyDeposited extends DomainEvent('MoneyDeposited', { amount: long() }) {}
class DepositMoney extends Command('DepositMoney', { accountId: string(), amount: long() })('accountId') {}

@Aggregate({ name: 'account', events: [MoneyDeposited] })
class Account extends AggregateRoot<MoneyDeposited> {
  balance = 0n
  @Handles(DepositMoney, { expect: 'any' })
  deposit({ amount }: DepositMoney) { this.emit(new MoneyDeposited({ amount })) }
  @Applies(MoneyDeposited)
  deposited({ amount }: MoneyDeposited) { this.balance += amount }
}

export default defineApp({ name: 'consumer', aggregates: [Account], projections: [] })

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
  files: ['consumer.ts'],
}

try {
  const [{ filename, files }] = JSON.parse(
    execFileSync('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', folder], {
      encoding: 'utf8',
    }),
  )
  const strangers = files
    .map(({ path }) => path)
    .filter((path) => !/^(dist\/|package\.json|README\.md|LICENSE|CHANGELOG\.md)/.test(path))
  if (strangers.length > 0) throw new Error(`the tarball holds what it should not: ${strangers.join(', ')}`)

  writeFileSync(
    join(folder, 'package.json'),
    JSON.stringify({ name: 'consumer', private: true, type: 'module' }),
  )
  run('npm', 'install', '--ignore-scripts', '--no-audit', '--no-fund', join(folder, filename))
  writeFileSync(join(folder, 'consumer.ts'), CONSUMER)
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(TSCONFIG))
  run(process.execPath, tsc, '-p', folder)

  const output = run(process.execPath, 'consumer.js')
  if (output !== 'balance 5\n') throw new Error(`the consumer printed ${JSON.stringify(output)}`)
  const { version } = JSON.parse(readFileSync('package.json', 'utf8'))
  const printed = run(join(folder, 'node_modules/.bin/reprise'), '--version').trim()
  if (printed !== version) throw new Error(`reprise --version printed ${printed}, not ${version}`)
  const described = JSON.parse(
    run(join(folder, 'node_modules/.bin/reprise'), 'describe', '--json', '--app', 'consumer.js'),
  )
  if (described.name !== 'consumer') throw new Error('reprise describe did not read the app')
  console.log(`the tarball ${filename} installs, compiles and runs (${files.length} files)`)
} finally {
  rmSync(folder, { recursive: true, force: true })
}
