import { counted } from '../core/counted.js'
import { RebuildRefused, TimedOut } from '../core/errors/index.js'
import { describeSession } from '../core/open-session.js'
import type { LanePosition } from '../subscriptions/index.js'
import { notBeyond, reached } from './end-vector.js'
import type { Generation, SwapOutcome } from './generation.js'
import type { ProjectionParts } from './projection-feed.js'
import { until } from './until.js'

export interface UnseenSwapOptions<Tx> {
  readonly parts: ProjectionParts<Tx>
  readonly live: Generation
  readonly building: Generation
  readonly onWaiting: (readers: readonly string[]) => void
}

export interface SwapOptions<Tx> extends UnseenSwapOptions<Tx> {
  /** Milliseconds that it may wait for readers, while the live generation stands still. */
  readonly timeout: number
  /** How many letters the new generation may have. */
  readonly allowParked: number
  /** Throws what ended the building. */
  readonly refuseStopped: () => void
}

/** Milliseconds that the live generation stands still when this process dies: a hold is renewed while it is needed. */
const HOLD = 5_000
const HOLD_RENEWAL = 1_000

/**
 * Swaps once no reader can tell the difference. The live generation is held, the new one comes level with it, and then
 * every snapshot that was taken before that moment must be gone: such a reader would follow the view into the new
 * tables and find them as they were, with less in them than it has read before.
 *
 * @throws {@link TimedOut} when readers did not make way, {@link RebuildRefused} when the new generation lacks events that
 * were parked in it; the live generation goes on
 */
export async function swapWhenLevel<Tx>(options: SwapOptions<Tx>): Promise<void> {
  const { parts, live, building, timeout, refuseStopped } = options
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
    await refuseParked(options)
    await swapUnseen(options, refuseLate, options)
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
  const goal = notBeyond(held, await parts.source.ends())
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

/** Level it lacks no event that comes yet: what it lacks, it lacks for good. */
async function refuseParked<Tx>({ parts, building, allowParked }: SwapOptions<Tx>): Promise<void> {
  const { projection, generation } = building
  const { letters, first } = await parts.checkpoints.letters({ name: projection, generation })
  if (letters <= allowParked) return
  throw new RebuildRefused(
    projection,
    `${counted(letters, 'event is', 'events are')} parked in generation ${generation}, the first one with: ${first ?? 'no reason'}; correct that and rebuild, or swap all the same with --allow-parked ${letters}`,
  )
}

/**
 * Swaps a generation that is level with the live one, and stays so, when no reader has a snapshot from before, and none
 * holds the views. `refuseLate` throws once that took too long, and is told for whom it waits. `letters`: how many there
 * may be; records that are no events can still come to it, and be parked, while readers are waited for.
 *
 * @throws {@link RebuildRefused} when there are more
 */
export async function swapUnseen<Tx>(
  { parts, live, building, onWaiting }: UnseenSwapOptions<Tx>,
  refuseLate: (waitingFor: string) => void,
  letters?: SwapOptions<Tx>,
): Promise<void> {
  const { generations } = parts
  const level = await generations.mark()
  await until(async () => {
    const readers = (await generations.snapshotsBefore(level)).map(describeSession)
    if (readers.length === 0) return true
    onWaiting(readers)
    refuseLate(`readers with an older snapshot: ${readers.join('; ')}`)
    return false
  })
  await until(async () => {
    const outcome = await swapped(parts, live, building, letters?.allowParked)
    if (outcome === 'swapped') return true
    if (outcome === 'parked' && letters !== undefined) await refuseParked(letters)
    const readers = (await generations.readersOfViews()).map(describeSession)
    onWaiting(readers)
    refuseLate(`readers that hold the views: ${readers.join('; ')}`)
    return false
  })
}

/** Swaps, or tries to. When the answer was lost on the way, what readers see now tells whether it was done. */
async function swapped<Tx>(
  { generations }: Pick<ProjectionParts<Tx>, 'generations'>,
  live: Generation,
  building: Generation,
  mostLetters: number | undefined,
): Promise<SwapOutcome> {
  try {
    return await generations.swap(live.generation, building.generation, mostLetters)
  } catch (error) {
    const status = await generations.status().catch(() => undefined)
    if (status?.live.generation === building.generation) return 'swapped'
    throw error
  }
}
