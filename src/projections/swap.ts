import { TimedOut } from '../core/errors/index.js'
import { reached } from './end-vector.js'
import type { Generation, OpenSnapshot } from './generation.js'
import type { ProjectionParts } from './projection-feed.js'
import { until } from './until.js'

export interface SwapOptions<Tx> {
  readonly parts: ProjectionParts<Tx>
  readonly live: Generation
  readonly building: Generation
  /** Milliseconds that it may wait for readers, while the live generation stands still. */
  readonly timeout: number
  /** Throws what ended the building. */
  readonly refuseStopped: () => void
  readonly onWaiting: (readers: readonly string[]) => void
}

/** A hold outlasts the waiting, so that it never runs out between the last look and the swap. */
const HOLD_MARGIN = 10_000

/**
 * Swaps once no reader can tell the difference. The live generation is held, the new one comes level with it, and then
 * every snapshot that was taken before that moment must be gone: such a reader would follow the view into the new
 * tables and find them as they were, with less in them than it has read before.
 *
 * @throws {@link TimedOut} when readers did not make way; the live generation goes on
 */
export async function swapWhenLevel<Tx>(options: SwapOptions<Tx>): Promise<void> {
  const { parts, live, building, timeout, refuseStopped, onWaiting } = options
  const { generations, checkpoints } = parts
  const deadline = performance.now() + timeout
  const refuseLate = (waitingFor: string): void => {
    refuseStopped()
    if (performance.now() > deadline)
      throw new TimedOut(waitingFor, timeout, { projection: building.projection })
  }
  const held = await generations.hold(live.generation, timeout + HOLD_MARGIN)
  try {
    const subscriber = { name: building.projection, generation: building.generation }
    await until(async () => {
      refuseLate(`generation ${building.generation} to come level with generation ${live.generation}`)
      return reached(await checkpoints.positions(subscriber), held)
    })
    const level = await generations.mark()
    await until(async () => {
      const readers = (await generations.snapshotsBefore(level)).map(describe)
      if (readers.length > 0) onWaiting(readers)
      if (readers.length === 0) return true
      refuseLate(`readers with an older snapshot: ${readers.join('; ')}`)
      return false
    })
    await until(async () => {
      if ((await generations.swap(live.generation, building.generation)) === 'swapped') return true
      onWaiting(['readers of the views'])
      refuseLate('readers that hold the views')
      return false
    })
  } catch (error) {
    await generations.letGo(live.generation)
    throw error
  }
}

function describe({ pid, application, user, age }: OpenSnapshot): string {
  return `${application === '' ? 'a session' : application} of ${user} (pid ${pid}, open for ${age.toFixed(0)} s)`
}
