import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'
import type { App } from 'reprise'
import { compiledTree } from '../../../scripts/compiled-tree.mjs'
import { start } from '../../../src/app/start.js'
import type { Failpoint } from '../../../src/core/ports/failpoints.js'
import { freshDatabase } from '../../support/database.js'
import { silentLogger } from '../../support/silent-logger.js'
import { waitFor } from '../../support/wait-for.js'
import type { Action } from './armed.js'
import { trialApp } from './bank.js'
import { expectCorrect, isLevel } from './check.js'
import { executeAllCalls } from './execute-all-calls.js'
import { LEASE, type TrialServers, trialOptions } from './trial-options.js'

export interface Trial extends TrialServers {
  readonly name: string
  readonly point: Failpoint
  /** At which time that it is reached. */
  readonly count: number
  readonly action: Action
}

const ACT_WITHIN = 60_000
const MOST_STARTS = 4
const LEVEL_WITHIN = 60_000

/**
 * One process works until it reaches a step, and there dies, stands still for longer than its lease, or loses its
 * connections. Another one then takes over and brings everything to its end; where the first one is left, both do. Throws
 * when the step is not reached, or when what they come to is not correct.
 */
export async function runTrial(given: Omit<Trial, 'databaseUrl'>): Promise<void> {
  const database = await freshDatabase({ migrated: true })
  try {
    await runOn({ ...given, databaseUrl: database.url })
  } finally {
    await database.drop()
  }
}

async function runOn(trial: Trial): Promise<void> {
  const { name, point, action, databaseUrl } = trial
  const first = await startFirst(trial)
  const asker = new pg.Client({ connectionString: databaseUrl, application_name: 'trial' })
  asker.on('error', () => undefined)
  await asker.connect()
  let second: App | undefined
  try {
    await first.acted()
    second = await startSecond(trial)
    await executeAllCalls(second, 0, () => true)
    const level = (): Promise<unknown> =>
      waitFor(() => isLevel(asker), {
        what: `${name} to be level after ${action} at ${point}`,
        deadline: LEVEL_WITHIN,
        every: 100,
      })
    // While the first one is still paused: nobody may have to wait for it.
    await level()
    if (action === 'pause') await first.wakeUp()
    if (action !== 'kill') await first.isDone()
    await level()
    await first.end()
    await second.stop()
    second = undefined
    await expectCorrect(name, trial)
  } finally {
    await first.end()
    await second?.stop()
    await asker.end()
  }
}

/** As a supervisor would: what cannot start now is started again. */
async function startSecond(trial: Trial): Promise<App> {
  const options = { ...trialOptions(trial), logger: silentLogger }
  for (let tries = 1; ; tries++) {
    try {
      return (await start(trialApp(trial.name), options)) as App
    } catch (error) {
      if (tries === MOST_STARTS) throw error
      await delay(LEASE)
    }
  }
}

async function startFirst(trial: Trial) {
  const worker = join(await compiledTree(), 'programs', 'failpoint-worker.js')
  const began = Date.now()
  const child = spawn(process.execPath, [worker, JSON.stringify(trial)], {
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  })
  const heard = listenTo(child)
  const exited = once(child, 'exit')
  const { point, count, action } = trial
  return {
    acted: async () => {
      const within = began + ACT_WITHIN - Date.now()
      const reached = await Promise.race([
        waitFor(() => heard.messages.has('acting'), { what: 'the step', deadline: within }).catch(
          () => false,
        ),
        exited.then(() => heard.messages.has('acting')),
      ])
      if (!reached) throw new Error(`NEVER REACHED: ${point} for time ${count}\n${heard.errors()}`)
      if (action === 'kill') await exited
      // A stand-still counts from when others may take what it holds.
      if (action === 'pause') await delay(LEASE)
    },
    wakeUp: async () => {
      child.kill('SIGCONT')
      await delay(LEASE / 2)
    },
    isDone: () =>
      waitFor(() => heard.messages.has('done') || gaveUpStarting(child, heard.messages), {
        what: `the first process to go on after ${action} at ${point}; it said ${heard.errors()}`,
        deadline: LEVEL_WITHIN,
      }),
    end: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return
      child.kill('SIGCONT')
      child.kill('SIGTERM')
      const force = setTimeout(() => child.kill('SIGKILL'), 5_000)
      await exited
      clearTimeout(force)
    },
  }
}

/** What meets a fault while it starts may end, and say why: whoever runs it starts it again. */
const gaveUpStarting = ({ exitCode }: ChildProcess, messages: ReadonlySet<unknown>): boolean =>
  exitCode === 2 && !messages.has('started')

function listenTo(child: ChildProcess) {
  const messages = new Set<unknown>()
  let said = ''
  child.on('message', (message) => messages.add(message))
  child.stderr?.on('data', (chunk: Buffer) => (said = `${said}${chunk.toString()}`.slice(-2_000)))
  return { messages, errors: () => said }
}
