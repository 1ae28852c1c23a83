import { beforeAll, it } from 'vitest'
import { compiledTree } from '../../../scripts/compiled-tree.mjs'
import { describeKafka, kafkaBrokers } from '../../support/kafka.js'
import { runTrial } from './trial.js'
import { trialName, trialsFor } from './trials.js'

// Once, and before any time counts.
beforeAll(compiledTree, 120_000)

describeKafka('at every step, on the Kafka log', { concurrent: true }, () => {
  it.for(trialsFor('kafka'))(
    'ends correct when the process meets $action at $point',
    { timeout: 240_000 },
    async (trial) => {
      const brokers = await kafkaBrokers()
      await runTrial({ ...trial, name: trialName(), brokers })
    },
  )
})
