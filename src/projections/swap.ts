import { TimedOut } from '../core/errors/index.js'
import type { LanePosition } from '../subscriptions/index.js'
import { endOf, notBeyond, reached } from './end-vector.js'
import type { Generation, OpenReader } from './generation.js'
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

/** Milliseconds that the live generation stands still when this process dies: a hold is renewed while it is needed. */
const HOLD = 5_000
const HOLD_RENEWAL = 1_000

/**
 * Swaps once no reader can tell the difference. The live generation is held, the new one comes level with it, and then
 * every snapshot that was taken before that moment must be gone: such a reader would follow the view into the new
 * tables and find them as they were, with less in them than it has read before.
 *
 * @throws {@link TimedOut} when readers did not make way; the live generation goes on
 */
export async function swapWhenLevel<Tx>(options: SwapOptions<Tx>): Promise<void> {
  const { parts, live, building, timeout, refuseStopped, onWaiting } = options
  const { generations } = parts
  const deadline = performance.now() + timeout
  const refuseLate = (waitingFor: string): void => {
    refuseStopped()
    if (performance.now() > deadline)
      throw new TimedOut(waitingFor, timeout, { projection: building.projection })
  }
  const held = await generations.hold(live.generation, HOLD, timeout)
  if (held === 'blocked') {
    const waitingFor = `a batch of generation ${live.generation} to end`
    throw new TimedOut(waitingFor, timeout, { projection: building.projection })
  }
  // One that was renewed too late has run out, which the swap finds.
  const renewal = setInterval(
    () => void generations.extendHold(live.generation, HOLD).catch(() => undefined),
    HOLD_RENEWAL,
  )
  try {
    await untilLevel(options, held, refuseLate)
    const level = await generations.mark()
    await until(async () => {
      const readers = describe(await generations.snapshotsBefore(level))
      if (readers.length === 0) return true
      onWaiting(readers)
      refuseLate(`readers with an older snapshot: ${readers.join('; ')}`)
      return false
    })
    await until(async () => {
      if ((await swapped(options)) === 'swapped') return true
      const readers = describe(await generations.readersOfViews())
      onWaiting(readers)
      refuseLate(`readers that hold the views: ${readers.join('; ')}`)
      return false
    })
  } catch (error) {
    // If the database cannot be reached either, the hold runs out by itself.
    await generations.letGo(live.generation, building.generation).catch(() => undefined)
    throw error
  } finally {
    clearInterval(renewal)
  }
}

/**
 * Level is: as far in every lane, and in every stream. The second does not follow from the first where the live
 * generation was built from the store, which is ahead of the topic.
 */
async function untilLevel<Tx>(
  { parts, live, building }: SwapOptions<Tx>,
  held: readonly LanePosition[],
  refuseLate: (waitingFor: string) => void,
): Promise<void> {
  const { checkpoints } = parts
  const subscriber = { name: building.projection, generation: building.generation }
  // Beyond the end there is nothing: the live generation knew another topic of this name.
  const goal = notBeyond(held, await endOf(parts))
  const names = `generation ${building.generation} to come level with generation ${live.generation}`
  await until(async () => {
    refuseLate(names)
    return reached(await checkpoints.positions(subscriber), goal)
  })
  await until(async () => {
    const behind = await checkpoints.behind(subscriber, live.generation)
    if (behind === undefined) return true
    const { stream, version, applied } = behind
    refuseLate(`${names}: ${stream} is at version ${applied} there, at ${version} here`)
    return false
  })
}

/** Swaps, or tries to. When the answer was lost on the way, what readers see now tells whether it was done. */
async function swapped<Tx>({ parts, live, building }: SwapOptions<Tx>): Promise<'swapped' | 'blocked'> {
  const { generations } = parts
  try {
    return await generations.swap(live.generation, building.generation)
  } catch (error) {
    const status = await generations.status().catch(() => undefined)
    if (status?.live.generation === building.generation) return 'swapped'
    throw error
  }
}

function describe(readers: readonly OpenReader[]): readonly string[] {
  return readers.map(({ pid, application, user, age }) => {
    const since =
      age === undefined
        ? `its begin is hidden: GRANT pg_read_all_stats to the role that rebuilds`
        : `open for ${age.toFixed(0)} s`
    return `${application === '' ? 'a session' : application} of ${user} (pid ${pid}, ${since})`
  })
}
