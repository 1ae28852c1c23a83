import { setTimeout as delay } from 'node:timers/promises'
import type { App } from 'reprise'
import { type FixedCall, fixedCalls } from './bank.js'

/** Milliseconds after which a call is taken for lost. */
const PATIENCE = 3_000

/** A call is given up after so many tries: what is wrong then is no outage. Not after a time, which may have been a pause. */
const MOST_TRIES = 40

/** Executes every call until it is answered: each process of a trial does so with the same ids. */
export async function executeAllCalls(app: App, pause: number, goOn: () => boolean): Promise<void> {
  for (const call of fixedCalls()) {
    for (let tries = 1; ; tries++) {
      const problem = await attempt(app, call)
      if (problem === undefined || !goOn()) break
      if (tries === MOST_TRIES) throw new Error(`${call.commandId} has no answer`, { cause: problem })
      await delay(Math.min(50 * tries, 500))
    }
    await delay(pause)
  }
}

/** Answers why there is no answer. */
async function attempt(app: App, { commandId, commands }: FixedCall): Promise<unknown> {
  const [only, ...others] = commands
  const answer =
    only !== undefined && others.length === 0
      ? app.execute(only, { commandId })
      : app.executeAll(commands, { commandId })
  const problem = answer.then(
    () => undefined,
    (error: unknown) => error,
  )
  const late = new Error(`no answer within ${PATIENCE} ms`)
  return Promise.race([problem, delay(PATIENCE, late, { ref: false })])
}
