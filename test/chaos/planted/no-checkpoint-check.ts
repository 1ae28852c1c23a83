import { setTimeout as delay } from 'node:timers/promises'
import type { PlantedFault } from '../planted.js'
import { checkpointsThrough, moveUnchecked } from './checkpoints-through.js'

/** Milliseconds at the most between reading the guards and writing the rows, as a busy machine has them. */
const SLOWNESS = 60

/**
 * The checkpoint is moved without a look at epoch and place. A projection process that was paused for longer than its
 * lease goes on beside its successor: both read the same guards, both apply, and the checkpoint goes back.
 */
export const noCheckpointCheck: PlantedFault = {
  name: 'no-checkpoint-compare-and-set',
  log: 'both',
  parts: (chance) => ({
    failpoints: { reach: (point) => (point === 'apply:in' ? delay(chance.next() * SLOWNESS) : undefined) },
    checkpoints: (shipped) =>
      checkpointsThrough(shipped, {
        async move(subscriber, move, work) {
          await shipped.backfill(subscriber, async (scope) => {
            await work(scope)
            await moveUnchecked(scope.tx, subscriber, move)
          })
          return 'committed'
        },
      }),
  }),
  catches: ['I7', 'I9', 'I6'],
  mix: ['pause'],
  seconds: 60,
}
