import { ProjectionStopped } from '../core/errors/index.js'
import { backfillFromStore } from './backfill-from-store.js'
import type { Generation } from './generation.js'
import { type EndVector, reached, shareBehind } from './end-vector.js'
import { Presence } from './presence.js'
import { feed, type ProjectionParts } from './projection-feed.js'
import type { RebuildSource } from './projection-source.js'
import { prepare, type RebuildPlan } from './rebuild-plan.js'
import { swapWhenLevel } from './swap.js'
import { rebuildInline } from './rebuild-inline.js'
import { tidyUp } from './tidy-up.js'
import { until } from './until.js'
import { WaitingLanes } from './waiting-lanes.js'

export { REBUILD_SOURCES, type RebuildSource } from './projection-source.js'
export { type FeedingBuild, planRebuild, type RebuildPlan } from './rebuild-plan.js'

export interface RebuildOptions {
  /** @defaultValue the log where it has what is needed and still begins at the first event, else the store */
  readonly from?: RebuildSource
  /** Milliseconds that the swap waits for readers with older snapshots. @defaultValue 30000 */
  readonly swapTimeout?: number
  /** How many letters the new generation may have. @defaultValue 0 */
  readonly allowParked?: number
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
  /** What they saw before; kept. 0 where there was nothing to see: an inline projection that was new. */
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
 * be, or more events could not be applied than is allowed, {@link ProjectionStopped} when that were too many of all, or
 * the topic is not what it was, {@link TimedOut} when readers did not make way
 */
export function rebuild<Tx>(
  parts: ProjectionParts<Tx>,
  options: RebuildOptions = {},
): Promise<RebuildResult> {
  const { generations, inline } = parts
  return generations.whileRebuilding(() =>
    inline === undefined ? rebuildAlone(parts, options) : rebuildInline(parts, inline, options),
  )
}

async function rebuildAlone<Tx>(parts: ProjectionParts<Tx>, options: RebuildOptions): Promise<RebuildResult> {
  const began = performance.now()
  const { generations, model } = parts
  const { plan, live, replay } = await prepare(parts, options.from)
  const { source, events } = plan
  await options.onPlan?.(plan)

  const building = await generations.createBuilding()
  const signal = options.signal ?? new AbortController().signal
  const { fingerprint } = parts
  const presence = new Presence({ ...parts, feeding: () => [{ ...building, fingerprint }] })
  try {
    await presence.keep()
    if (replay.backfill) await replayStore(parts, building, replay.end, events, options, signal)
    await followAndSwap(parts, live, building, replay.end, events, options, signal)
  } catch (error) {
    await tidyUp(parts, () => generations.drop(building.generation))
    throw error
  } finally {
    await presence.end()
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

/** The end of the lanes was taken first: what the store's pages miss comes after it. */
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
  await parts.checkpoints.begin({ name: building.projection, generation: building.generation }, end)
}

async function followAndSwap<Tx>(
  parts: ProjectionParts<Tx>,
  live: Generation,
  building: Generation,
  end: EndVector,
  total: number,
  { onProgress, swapTimeout = DEFAULT_SWAP_TIMEOUT, allowParked = 0 }: RebuildOptions,
  signal: AbortSignal,
): Promise<void> {
  const subscriber = { name: building.projection, generation: building.generation }
  const waiting = new WaitingLanes()
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
    onWaiting: (lane) => waiting.note(lane),
  })
  try {
    await until(async () => {
      refuseStopped()
      const positions = await parts.checkpoints.positions(subscriber)
      const lack = waiting.stuckBefore(end, positions)
      if (lack !== undefined) throw new ProjectionStopped(building.projection, undefined, new Error(lack))
      onProgress?.({ phase: 'replaying', done: shareBehind(positions, end, total), total })
      return reached(positions, end)
    })
    await swapWhenLevel({
      parts,
      live,
      building,
      timeout: swapTimeout,
      allowParked,
      refuseStopped,
      onWaiting: (waitingFor) => onProgress?.({ phase: 'waiting', done: total, total, waitingFor }),
    })
  } finally {
    await feeding.stop()
  }
}
