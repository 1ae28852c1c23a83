import type { Guards } from '../../../src/subscriptions/index.js'
import type { PlantedFault } from '../planted.js'
import { checkpointsThrough } from './checkpoints-through.js'

/** Of every stream it says what is neither below nor above any version. */
class NoVersions extends Map<string, number> {
  override get(): number {
    return Number.NaN
  }
}

const withoutGuard = (guards: Guards): Guards => ({
  versions: () => Promise.resolve(new NoVersions()),
  advance: (versions) => guards.advance(versions),
})

/** How many of the handovers publish their rows once more. */
const SHARE_OF_REPEATS = 0.02

/**
 * What a topic holds twice is applied twice. The relay repeats a batch after a lost answer, which is right, and is made to
 * do so often: its way to the database breaks after the log has taken the rows.
 */
export const noVersionGuard: PlantedFault = {
  name: 'no-version-guard',
  log: 'kafka',
  parts: (chance) => ({
    failpoints: {
      reach(point) {
        if (point === 'publish:after' && chance.next() < SHARE_OF_REPEATS)
          throw new Error('the answer was lost')
      },
    },
    checkpoints: (shipped) =>
      checkpointsThrough(shipped, {
        move: (subscriber, move, work) =>
          shipped.move(subscriber, move, (scope) => work({ ...scope, guards: withoutGuard(scope.guards) })),
      }),
  }),
  catches: ['I6', 'I7'],
  mix: ['kill', 'pause'],
}
