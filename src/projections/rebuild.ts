import { ProjectionStopped } from '../core/errors/index.js'
import { backfillFromStore } from './backfill-from-store.js'
import type { Generation } from './generation.js'
import { type EndVector, reached, reachedCount } from './end-vector.js'
import { feed, type ProjectionParts } from './projection-feed.js'
import { prepare, type RebuildPlan, type RebuildSource } from './rebuild-plan.js'
import { swapWhenLevel } from './swap.js'
import { until } from './until.js'

export { planRebuild, REBUILD_SOURCES } from './rebuild-plan.js'
export type { RebuildPlan, RebuildSource } from './rebuild-plan.js'

export interface RebuildOptions {
  /** @defaultValue the log where it still begins at the first event, else the store */
  readonly from?: RebuildSource
  /** Milliseconds that the swap waits for readers with older snapshots. @defaultValue 30000 */
  readonly swapTimeout?: number
  /** Awaited before anything is changed: what it throws ends the rebuild there. */
  readonly onPlan?: (plan: RebuildPlan) => void | Promise<void>
  readonly onProgress?: (progress: RebuildProgress) => void
  /** Ends the rebuild: what was built is dropped, readers go on with what they had. */
  readonly signal?: AbortSignal
}

export const REBUILD_PHASES = ['replaying', 'waiting', 'swapped'] as const
export interface RebuildProgress {
  readonly phase: (typeof REBUILD_PHASES)[number]
  readonly done: number
  readonly total: number
  /** While waiting: for whom. */
  readonly waitingFor?: readonly string[]
}

export interface RebuildResult {
  readonly projection: string
  /** What readers see now. */
  readonly generation: number
  /** What they saw before; kept. */
  readonly previous: number
  readonly source: RebuildSource
  readonly events: number
  readonly seconds: number
  /** Generations that were older than the one kept, and are gone now. */
  readonly dropped: readonly number[]
}

const DEFAULT_SWAP_TIMEOUT = 30_000

/**
 * Builds a projection anew beside the live generation and makes readers see it, without ever showing them less than
 * they saw before. Until the swap nothing changes for them; if anything fails before, the new generation is dropped.
 *
 * @throws {@link RebuildInProgress} when the projection is being rebuilt already, {@link RebuildRefused} when it cannot
 * be, {@link ProjectionStopped} when an event could not be applied, {@link TimedOut} when readers did not make way
 */
export function rebuild<Tx>(
  parts: ProjectionParts<Tx>,
  options: RebuildOptions = {},
): Promise<RebuildResult> {
  return parts.generations.whileRebuilding(() => rebuildAlone(parts, options))
}

async function rebuildAlone<Tx>(parts: ProjectionParts<Tx>, options: RebuildOptions): Promise<RebuildResult> {
  const began = performance.now()
  const { generations, model } = parts
  const { plan, live, end } = await prepare(parts, options.from)
  const { source, events } = plan
  await options.onPlan?.(plan)

  const building = await generations.createBuilding()
  const signal = options.signal ?? new AbortController().signal
  try {
    if (source === 'store') await replayStore(parts, building, end, events, options, signal)
    await followAndSwap(parts, live, building, end, events, options, signal)
  } catch (error) {
    await tidyUp(parts, () => generations.drop(building.generation))
    throw error
  }
  const dropped = (await tidyUp(parts, () => generations.dropOlderThan(live.generation))) ?? []
  options.onProgress?.({ phase: 'swapped', done: events, total: events })
  const seconds = (performance.now() - began) / 1_000
  return {
    projection: model.name,
    generation: building.generation,
    previous: live.generation,
    source,
    events,
    seconds,
    dropped,
  }
}

/** Drops what is not needed any more. What cannot be dropped now changes no outcome: the next rebuild drops it. */
async function tidyUp<Tx, T>(
  { model, logger }: ProjectionParts<Tx>,
  drop: () => Promise<T>,
): Promise<T | undefined> {
  try {
    return await drop()
  } catch (error) {
    const facts = { projection: model.name, error: String(error) }
    logger.warn(facts, 'a generation could not be dropped; the next rebuild will try')
    return undefined
  }
}

/** The end of the log is taken first: what the store's pages miss comes after it. */
async function replayStore<Tx>(
  parts: ProjectionParts<Tx>,
  building: Generation,
  end: EndVector,
  total: number,
  { onProgress }: RebuildOptions,
  signal: AbortSignal,
): Promise<void> {
  let done = 0
  const onPage = (events: number): void => {
    done = Math.min(total, done + events)
    onProgress?.({ phase: 'replaying', done, total })
  }
  await backfillFromStore(parts, building, onPage, signal)
  await parts.checkpoints.begin({ name: building.projection, generation: building.generation }, end.positions)
}

async function followAndSwap<Tx>(
  parts: ProjectionParts<Tx>,
  live: Generation,
  building: Generation,
  end: EndVector,
  total: number,
  { onProgress, swapTimeout = DEFAULT_SWAP_TIMEOUT }: RebuildOptions,
  signal: AbortSignal,
): Promise<void> {
  const subscriber = { name: building.projection, generation: building.generation }
  let stopped: ProjectionStopped | undefined
  const refuseStopped = (): void => {
    signal.throwIfAborted()
    if (stopped !== undefined) throw stopped
  }
  const feeding = await feed(parts, building, {
    onStopped: (error) => (stopped = error),
    onRetired: () =>
      (stopped ??= new ProjectionStopped(
        building.projection,
        undefined,
        new Error('its generation was dropped'),
      )),
    onApplied: () => undefined,
  })
  try {
    await until(async () => {
      refuseStopped()
      const positions = await parts.checkpoints.positions(subscriber)
      onProgress?.({ phase: 'replaying', done: Math.min(total, reachedCount(positions, end)), total })
      return reached(positions, end.positions)
    })
    await swapWhenLevel({
      parts,
      live,
      building,
      timeout: swapTimeout,
      refuseStopped,
      onWaiting: (waitingFor) => onProgress?.({ phase: 'waiting', done: total, total, waitingFor }),
    })
  } finally {
    await feeding.stop()
  }
}
