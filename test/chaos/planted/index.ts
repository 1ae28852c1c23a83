/** Wrong variants of parts, each of which the checker has to catch. A checker that has never failed proves nothing. */
import type { PlantedFault } from '../planted.js'
import { concurrentSends } from './concurrent-sends.js'
import { cursorRelay } from './cursor-relay.js'
import { deleteBeforePublish } from './delete-before-publish.js'
import { effectsInReplay } from './effects-in-replay.js'
import { missingRowLocks } from './missing-row-locks.js'
import { noCheckpointCheck } from './no-checkpoint-check.js'
import { noVersionGuard } from './no-version-guard.js'
import { offsetOutsideTransaction } from './offset-outside-transaction.js'
import { parkingWithoutSequence } from './parking-without-sequence.js'
import { publishAndHope } from './publish-and-hope.js'
import { retryOfEverything } from './retry-of-everything.js'
import { reusedProducer } from './reused-producer.js'
import { skipLockedRelay } from './skip-locked-relay.js'
import { transactionOrder } from './transaction-order.js'

export const planted: readonly PlantedFault[] = [
  cursorRelay,
  skipLockedRelay,
  transactionOrder,
  deleteBeforePublish,
  publishAndHope,
  reusedProducer,
  concurrentSends,
  noCheckpointCheck,
  noVersionGuard,
  offsetOutsideTransaction,
  parkingWithoutSequence,
  missingRowLocks,
  effectsInReplay,
  retryOfEverything,
]
