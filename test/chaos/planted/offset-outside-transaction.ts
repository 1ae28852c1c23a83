import type { PlantedFault } from '../planted.js'
import { checkpointsThrough } from './checkpoints-through.js'

const SHARE_OF_CRASHES = 0.2

/**
 * The checkpoint is committed first, and the rows in a transaction of their own. What fails between the two skips the
 * batch. Later events of a stream bring the missing ones back from the store, which hides it; so it fails often, until the
 * very end, and the last events of some streams stay out.
 */
export const offsetOutsideTransaction: PlantedFault = {
  name: 'offset-outside-transaction',
  log: 'both',
  parts: (chance) => ({
    checkpoints: (shipped) =>
      checkpointsThrough(shipped, {
        async move(subscriber, move, work) {
          const outcome = await shipped.move(subscriber, move, () => Promise.resolve())
          if (outcome !== 'committed') return outcome
          if (chance.next() < SHARE_OF_CRASHES) throw new Error('Connection terminated unexpectedly')
          await shipped.backfill(subscriber, work)
          return 'committed'
        },
      }),
  }),
  catches: ['I6', 'I10', 'I11'],
  mix: ['kill'],
}
