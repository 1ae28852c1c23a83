import { HandlerFailed } from '../../../src/subscriptions/index.js'
import type { PlantedFault } from '../planted.js'
import { subscriberThrough } from './subscriber-through.js'

/** What will never succeed is tried for ever: a poisoned note stops its lane, and the lag never comes down. */
export const retryOfEverything: PlantedFault = {
  name: 'retry-of-non-retriable',
  log: 'both',
  parts: () => ({
    isTransient: () => true,
    subscriber: (shipped) =>
      subscriberThrough(shipped, {
        apply: (tx, envelopes) =>
          shipped.apply(tx, envelopes).catch((error: unknown) => {
            throw error instanceof HandlerFailed
              ? new HandlerFailed(error.envelope, error.cause, true)
              : error
          }),
      }),
  }),
  catches: ['I11'],
  mix: ['poison'],
}
