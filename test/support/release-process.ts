import { afterEach } from 'vitest'
import { startBankProcess } from './bank-process.js'
import type { ModuleProcess } from './module-process.js'
import { waitFor } from './wait-for.js'

/**
 * - `buggy`: pays a coin too much with every deposit
 * - `fixed`: of the same version
 * - `narrow`: without withdrawals
 * - `raised`: as `fixed`, of version 2
 */
export type Release = 'buggy' | 'fixed' | 'narrow' | 'raised'

/** A process of a release of the bank that does everything: it takes money in and out all the time, and feeds its balances. */
export interface ReleaseProcess {
  readonly process: ModuleProcess
  /** What it said so far. */
  readonly lines: readonly string[]
  says(start: string): Promise<string>
  /** Tells it to do something, and resolves with what it said of that. `rest`: it moves no more money. */
  does(what: 'rest' | 'stop' | 'rebuild' | 'accept'): Promise<string>
}

/** Gives a way to start processes of releases in a test file, which are killed after each test, before what was there first. */
export function useReleases(): (release: Release, databaseUrl: string) => Promise<ReleaseProcess> {
  const started: ReleaseProcess[] = []
  afterEach(async () => {
    await Promise.all(started.splice(0).map(({ process }) => process.kill('SIGKILL')))
  })
  return async (release, databaseUrl) => {
    const process = await startRelease(release, databaseUrl)
    started.push(process)
    return process
  }
}

/**
 * Starts a process of a release. It says `started` or `refused …`, `aside …` when it leaves the balances to others, `waits …`
 * when its build is being built, `fix …` when it feeds them as a fix, `acked <n>` with each tenth command.
 */
async function startRelease(release: Release, databaseUrl: string): Promise<ReleaseProcess> {
  const process = await startBankProcess(PROGRAM, {
    TEST_URL: databaseUrl,
    TEST_RELEASE: release,
  })
  const lines: string[] = []
  let ended: Error | undefined
  void (async () => {
    for (;;) lines.push(await process.nextLine())
  })().catch((error: unknown) => (ended = error as Error))
  const says = async (begin: string): Promise<string> => {
    const found = (): string | undefined => lines.find((line) => line.startsWith(begin))
    await waitFor(
      () => {
        if (found() === undefined && ended !== undefined) throw ended
        return found() !== undefined
      },
      { what: `${release} ${process.pid} to say ${begin}; it said ${lines.join(' | ')}`, deadline: 90_000 },
    )
    return found() ?? ''
  }
  return {
    process,
    lines,
    says,
    does: (what) => {
      process.send(what)
      return says(`${what} `)
    },
  }
}

const PROGRAM = `
import { createInterface } from 'node:readline'
import { writeSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { defineProjection } from '$src/index.js'
import { modelOf } from '$src/app/app-model.js'
import { openInstallation } from '$src/app/installation.js'
import { projectionParts } from '$src/app/projection-parts.js'
import { settingsFor } from '$src/app/settings.js'
import { acceptBuild } from '$src/projections/acceptance.js'
import { rebuild } from '$src/projections/rebuild.js'

const say = (line) => writeSync(1, line.replaceAll('\\n', ' ') + '\\n')
const { table, key, columns, indexes } = Balances
class Base extends TableProjection({ table, key, columns, indexes }) {
  opened({ owner }, row) { row.owner = owner }
  withdrawn({ amount }, row) { row.balance -= amount }
}
class Buggy extends Base { deposited({ amount }, row) { row.balance += amount + 1n } }
class Fixed extends Base { deposited({ amount }, row) { row.balance += amount } }
const release = process.env.TEST_RELEASE
const version = release === 'raised' ? 2 : 1
const projection = defineProjection(release === 'buggy' ? Buggy : Fixed, {
  name: 'balances', version, from: [Account],
  projects: {
    opened: AccountOpened, deposited: MoneyDeposited, ...(release === 'narrow' ? {} : { withdrawn: MoneyWithdrawn }),
  },
})
const logger = {
  debug() {},
  warn(facts, message) { if (message.includes('to others: its build may not')) say('aside ' + facts.error) },
  info(facts, message) {
    if (message.includes('another definition of the same version')) say('fix ' + facts.generation)
    if (message.includes('waits for the generation')) say('waits ' + facts.awaits + ' ' + facts.error)
    if (message.includes('feeding another generation now')) say('feeds ' + facts.generation)
  },
  error(facts, message) { say('error ' + message + ' ' + facts.error) },
}
const definition = { ...bank, projections: [projection] }
const options = { databaseUrl: process.env.TEST_URL, log: 'postgres', lease: 1000, poolSize: 5, logger }

async function beside(work) {
  const model = modelOf(definition)
  const installation = await openInstallation(model, settingsFor(bank, options))
  try { return await work(projectionParts(installation, model.projections[0])) } finally { await installation.close() }
}

let app
let ending = false
const clients = []
const client = async (accountId) => {
  for (let count = 1; !ending; count++) {
    const Money = count % 3 === 0 ? WithdrawMoney : DepositMoney
    await app.execute(new Money({ accountId, amount: 3n }))
    if (count % 10 === 0) say('acked ' + count)
    // So many processes on one machine would starve each other.
    await delay(50)
  }
}
const doing = {
  async rest() {
    ending = true
    await Promise.all(clients)
    say('rest done')
  },
  async stop() {
    ending = true
    await Promise.all(clients)
    await app?.stop()
    say('stop done')
    process.exit(0)
  },
  async rebuild() {
    const result = await beside((parts) => rebuild(parts, {
      onPlan: ({ fedBy }) => say('plan ' + JSON.stringify(fedBy)),
      onProgress: ({ phase }) => say('phase ' + phase),
    }))
    say('rebuild ' + result.generation)
  },
  async accept() {
    const result = await beside((parts) => acceptBuild(parts, { by: 'a test' }))
    say('accept ' + result.generation)
  },
}
createInterface(process.stdin).on('line', (line) => {
  doing[line]().catch((error) => say(line + ' failed ' + error))
})
try {
  app = await Reprise.start(definition, options)
  say('started')
  for (const name of ['a', 'b']) {
    const accountId = 'account-' + process.pid + '-' + name
    await app.execute(new OpenAccount({ accountId, owner: 'Ada' }))
    await app.execute(new DepositMoney({ accountId, amount: 1000n }))
    clients.push(client(accountId))
  }
} catch (error) {
  say('refused ' + error)
}
`
