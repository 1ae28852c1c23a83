import { beforeAll, describe, it } from 'vitest'
import { compiledTree } from '../../../scripts/compiled-tree.mjs'
import { runTrial } from './trial.js'
import { trialName, trialsFor } from './trials.js'

// Once, and before any time counts.
beforeAll(compiledTree, 120_000)

describe.concurrent('at every step, on the Postgres log', () => {
  it.for(trialsFor('postgres'))(
    'ends correct when the process meets $action at $point',
    { timeout: 240_000 },
    async (trial) => {
      await runTrial({ ...trial, name: trialName(), brokers: undefined })
    },
  )
})
