import { TimedOut } from '../core/errors/index.js'
import { buildInline } from './build-inline.js'
import type { Generation } from './generation.js'
import { LockTries } from './lock-tries.js'
import type { InlineParts, ProjectionParts } from './projection-feed.js'
import type { RebuildOptions, RebuildResult } from './rebuild.js'
import { prepareInline } from './rebuild-plan.js'
import { swapUnseen } from './swap.js'
import { tidyUp } from './tidy-up.js'

const DEFAULT_SWAP_TIMEOUT = 30_000

/** Milliseconds that appends get to end before what they may write is dropped. */
const LEAVE_TIMEOUT = 30_000

/**
 * Builds a generation of an inline projection, the first one or one beside the live one. Once it is level, appends write
 * both, so that neither readers with older snapshots are shown less than they saw, nor appends wait for them.
 */
export async function rebuildInline<Tx>(
  parts: ProjectionParts<Tx>,
  inline: InlineParts<Tx>,
  options: RebuildOptions,
): Promise<RebuildResult> {
  const began = performance.now()
  const { generations, model } = parts
  const timeout = options.swapTimeout ?? DEFAULT_SWAP_TIMEOUT
  const { plan, live } = await prepareInline(parts, options.from)
  await options.onPlan?.(plan)

  // One that a killed rebuild left may still be written by appends.
  await leaveLevel(parts, inline)
  const building = await generations.createBuilding()
  try {
    await buildAndSwap(parts, inline, live, building, { ...options, total: plan.events, timeout })
  } catch (error) {
    await tidyUp(parts, async () => {
      await leaveLevel(parts, inline)
      await generations.drop(building.generation)
    })
    throw error
  }
  const dropped = live && (await tidyUp(parts, () => generations.dropOlderThan(live.generation)))
  options.onProgress?.({ phase: 'swapped', done: plan.events, total: plan.events })
  return {
    projection: model.name,
    generation: building.generation,
    previous: plan.live,
    source: plan.source,
    events: plan.events,
    seconds: (performance.now() - began) / 1_000,
    dropped: dropped ?? [],
  }
}

type BuildOptions = RebuildOptions & { readonly total: number; readonly timeout: number }

async function buildAndSwap<Tx>(
  parts: ProjectionParts<Tx>,
  inline: InlineParts<Tx>,
  live: Generation | undefined,
  building: Generation,
  { onProgress, signal = new AbortController().signal, total, timeout }: BuildOptions,
): Promise<void> {
  let done = 0
  const onRead = (events: number): void => {
    done = Math.min(total, done + events)
    onProgress?.({ phase: 'replaying', done, total })
  }
  const onWaiting = (waitingFor: readonly string[]): void =>
    onProgress?.({ phase: 'waiting', done, total, waitingFor })
  await buildInline(parts, inline, building, { timeout, onRead, onWaiting, signal })
  // The first one is live by now: nobody had seen another.
  if (live === undefined) return
  const deadline = performance.now() + timeout
  await swapUnseen({ parts, live, building, onWaiting }, (waitingFor) => {
    signal.throwIfAborted()
    if (performance.now() > deadline)
      throw new TimedOut(waitingFor, timeout, { projection: parts.model.name })
  })
}

async function leaveLevel<Tx>(
  { model }: ProjectionParts<Tx>,
  { generations }: InlineParts<Tx>,
): Promise<void> {
  const deadline = performance.now() + LEAVE_TIMEOUT
  const tries = new LockTries()
  while ((await generations.leaveLevel(tries.patience)) === 'blocked') {
    if (performance.now() > deadline) {
      const whom = 'appends to end that may write a generation which is to be dropped'
      throw new TimedOut(whom, LEAVE_TIMEOUT, { projection: model.name })
    }
    await tries.pause()
  }
}
