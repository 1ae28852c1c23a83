import type { Subscriber } from './subscriber.js'
import { Turns } from './turns.js'

/**
 * All suspects of this process, whichever subscription's, and letters that it retries by itself: were several of them
 * counted when one ends the process, the others would have to answer for it as well. What projections write in a moment
 * must not wait for the handlers of effects, though, which wait for other services: effects have turns of their own, and
 * let projections go before.
 */
const turns = { projection: new Turns(), effect: new Turns() }
/** Milliseconds that a suspect waits for its turn: one that never ends must not keep the others for good. */
const PATIENCE = 30_000

/**
 * Runs `work` while no other suspect of this process is tried, but for those of projections that come while one of effects
 * is. `lost`: the signal came first, and nothing was run.
 */
export function inSuspectTurn<T>(
  { kind }: Pick<Subscriber<never>, 'kind'>,
  work: () => Promise<T>,
  signal: AbortSignal,
): Promise<T | 'lost'> {
  const { projection, effect } = turns
  if (kind !== 'effect') return projection.take(work, PATIENCE, signal)
  return effect.take(
    async () => {
      const turn = await projection.take(() => Promise.resolve('reached'), PATIENCE, signal)
      return turn === 'lost' ? turn : work()
    },
    PATIENCE,
    signal,
  )
}
