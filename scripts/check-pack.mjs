// Packs the library, installs the tarball into an empty folder with install scripts off, and compiles and runs a consumer,
// in both decorator modes.
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'

const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc')
const folder = mkdtempSync(join(tmpdir(), 'reprise-pack-'))
const reprise = join(folder, 'node_modules/.bin/reprise')
const LARGEST = 1_500_000
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

const TEST = `
import { given, rejected } from 'reprise/testing'
import { Account, DepositMoney, MoneyDeposited } from './app.js'

const deposited = given(Account).when(new DepositMoney({ accountId: '1', amount: 5n }))
deposited.then([new MoneyDeposited({ amount: 5n })])
try {
  deposited.then(rejected())
} catch (error) {
  process.stdout.write((error as Error).message.split('\\n')[0] + '\\n')
}
`

const FILES = { 'app.ts': APP, 'consumer.ts': CONSUMER, 'account.test.ts': TEST }

/** The same sources with each kind of decorators, into a folder of their own. */
const tsconfig = (outDir, experimentalDecorators) => ({
  compilerOptions: {
    target: 'es2022',
    module: 'nodenext',
    strict: true,
    exactOptionalPropertyTypes: true,
    experimentalDecorators,
    skipLibCheck: false,
    types: ['node'],
    typeRoots: [resolve('node_modules/@types')],
    outDir,
  },
  files: Object.keys(FILES),
})

const write = (name, content) => writeFileSync(join(folder, name), content)

/** npm warns of what it takes for install scripts, though they are the repository's own and never run. */
function checkScripts(installed) {
  const { scripts = {} } = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8'))
  const named = ['preinstall', 'install', 'postinstall', 'prepare'].filter((it) => it in scripts)
  if (named.length > 0) throw new Error(`an install would warn of the script ${named.join(', ')}`)
}

/** A map that points to a file which is not there leads a debugger nowhere. */
function checkMaps(installed, paths) {
  const leadsNowhere = paths.filter((path) => {
    if (!path.endsWith('.map')) return false
    const { sources, sourcesContent = [] } = JSON.parse(readFileSync(join(installed, path), 'utf8'))
    const isThere = (source) => existsSync(resolve(installed, dirname(path), source))
    return sources.some((source, index) => typeof sourcesContent[index] !== 'string' && !isThere(source))
  })
  if (leadsNowhere.length > 0)
    throw new Error(`source maps point to missing files: ${leadsNowhere.join(', ')}`)
}

/**
 * Steps at which tests kill a process are in the shipped code, and nothing shipped can put anything there: whoever starts an
 * app starts it with the shipped parts, no entry leads to the others, and no file of theirs can be imported from outside.
 */
function checkFailpoints(installed, paths) {
  const modules = paths.filter((path) => path.endsWith('.js'))
  const read = (path) => readFileSync(join(installed, path), 'utf8')
  const named = modules.filter((path) =>
    /process\.env\b[^\n]*(fail|chaos|fault)|REPRISE_(FAIL|CHAOS|FAULT)/i.test(read(path)),
  )
  if (named.length > 0) throw new Error(`a variable could arm a failpoint in ${named.join(', ')}`)

  const makers = modules.filter((path) => /[{,]\s*reach\s*:|^\s*(async\s+)?reach\s*\(/m.test(read(path)))
  if (makers.join() !== 'dist/core/ports/failpoints.js')
    throw new Error(
      `failpoints are implemented in ${makers.join(', ') || 'no file'}: only the one that does nothing may be`,
    )

  const parts = 'dist/app/replaceable-parts.js'
  if (!/failpoints: noFailpoints/.test(read(parts)))
    throw new Error(`${parts} ships other failpoints than noFailpoints`)
  // Reprise.start, behind which it is, hands on what it is given: no third argument may come from outside.
  const passed = /start\(definition, options\)/.test(read('dist/app/reprise.js'))
  if (!passed) throw new Error('Reprise.start hands on more than a definition and options')

  for (const path of [parts, 'dist/app/start.js', 'dist/core/ports/failpoints.js']) checkClosed(path)
}

/** By any way that a program has of naming a file of a package. */
function checkClosed(path) {
  const specifiers = [
    `reprise/${path}`,
    `reprise/${path.replace(/\.js$/, '')}`,
    `reprise/${path.replace('dist/', '')}`,
  ]
  for (const specifier of specifiers) {
    const attempt = `import(${JSON.stringify(specifier)}).then(() => console.log('open'), ({ code }) => console.log(code))`
    const answer = run(process.execPath, '--input-type=module', '--eval', attempt).trim()
    if (answer !== 'ERR_PACKAGE_PATH_NOT_EXPORTED')
      throw new Error(`${specifier} is open from outside (${answer})`)
  }
}

function checkConsumer(outDir, experimentalDecorators) {
  write('tsconfig.json', JSON.stringify(tsconfig(outDir, experimentalDecorators)))
  run(process.execPath, tsc, '-p', folder)

  const output = run(process.execPath, `${outDir}/consumer.js`)
  if (output !== 'balance 5\n') throw new Error(`${outDir}/consumer.js printed ${JSON.stringify(output)}`)
  // Nothing is installed but the package itself: no test runner, no embedded Postgres, no client of Kafka.
  const tested = run(process.execPath, `${outDir}/account.test.js`)
  if (tested !== 'DepositMoney was accepted, but a rejection was expected\n')
    throw new Error(`${outDir}/account.test.js printed ${JSON.stringify(tested)}`)
  const described = JSON.parse(run(reprise, 'describe', '--json', '--app', `${outDir}/app.js`))
  if (described.app !== 'consumer') throw new Error('reprise describe did not read the app')
}

try {
  const packed = JSON.parse(
    execFileSync('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', folder], {
      encoding: 'utf8',
    }),
  )
  // A list in npm up to 11, an object by package name later.
  const [{ filename, files, size }] = Object.values(packed)
  const paths = files.map(({ path }) => path)
  const strangers = paths.filter(
    (path) => !/^(dist\/|package\.json|README\.md|LICENSE|CHANGELOG\.md)/.test(path),
  )
  if (strangers.length > 0) throw new Error(`the tarball holds what it should not: ${strangers.join(', ')}`)

  if (size > LARGEST) throw new Error(`the tarball has ${size} bytes, more than ${LARGEST}`)

  write('package.json', JSON.stringify({ name: 'consumer', private: true, type: 'module' }))
  run('npm', 'install', '--ignore-scripts', '--no-audit', '--no-fund', join(folder, filename))
  const installed = join(folder, 'node_modules/reprise')
  checkScripts(installed)
  checkMaps(installed, paths)
  checkFailpoints(installed, paths)
  for (const [name, text] of Object.entries(FILES)) write(name, text)
  checkConsumer('legacy', true)
  checkConsumer('standard', false)

  const { version } = JSON.parse(readFileSync('package.json', 'utf8'))
  const printed = run(reprise, '--version').trim()
  if (printed !== version) throw new Error(`reprise --version printed ${printed}, not ${version}`)
  console.log(`the tarball ${filename} installs, compiles and runs (${files.length} files, ${size} bytes)`)
} finally {
  rmSync(folder, { recursive: true, force: true })
}
