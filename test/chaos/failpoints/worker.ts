import { shippedParts } from '../../../src/app/replaceable-parts.js'
import { start } from '../../../src/app/start.js'
import type { Failpoint } from '../../../src/core/ports/failpoints.js'
import type { App } from 'reprise'
import { type Action, ArmedFailpoints, watchConnections } from './armed.js'
import { trialApp } from './bank.js'
import { executeAllCalls } from './execute-all-calls.js'
import { type TrialServers, trialOptions } from './trial-options.js'

// The process of a trial that dies, stops or loses its connections at a step.

interface ArmedAssignment extends TrialServers {
  readonly name: string
  readonly point: Failpoint
  readonly count: number
  readonly action: Action
}

async function main(): Promise<void> {
  watchConnections()
  const assignment = JSON.parse(process.argv[2] ?? '') as ArmedAssignment
  const { name, point, count, action } = assignment
  const parts = { ...shippedParts, failpoints: new ArmedFailpoints(point, count, action) }
  const app = (await start(trialApp(name), trialOptions(assignment), parts)) as App
  process.send?.('started')
  let stopping = false
  process.on('SIGTERM', () => {
    stopping = true
    void app.stop().finally(() => process.exit(0))
  })
  await executeAllCalls(app, 20, () => !stopping)
  process.send?.('done')
}

process.on('disconnect', () => process.exit(1))
main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? (error.stack ?? '') : String(error)}\n`)
  process.exit(2)
})
