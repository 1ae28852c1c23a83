import { setTimeout as delay } from 'node:timers/promises'
import { RebuildRefused } from '../core/errors/index.js'
import { type EndVector, endOf, isBeyond } from './end-vector.js'
import { type Generation, nextGeneration } from './generation.js'
import type { ProjectionParts } from './projection-feed.js'

/** Where a rebuild reads history from. */
export const REBUILD_SOURCES = ['log', 'store'] as const
export type RebuildSource = (typeof REBUILD_SOURCES)[number]

/** What a rebuild is about to do. */
export interface RebuildPlan {
  readonly projection: string
  readonly live: number
  readonly building: number
  readonly source: RebuildSource
  /** Why that source. */
  readonly reason: string
  readonly events: number
}

/** The plan, and what it was made from. */
export interface Preparation {
  readonly plan: RebuildPlan
  readonly live: Generation
  readonly end: EndVector
}

/**
 * What a rebuild would do now. Changes nothing, and does not wait for one that is under way.
 *
 * @throws {@link RebuildRefused} when it cannot be done as asked
 */
export async function planRebuild<Tx>(
  parts: ProjectionParts<Tx>,
  from?: RebuildSource,
): Promise<RebuildPlan> {
  const { plan } = await prepare(parts, from)
  return plan
}

/** @throws {@link RebuildRefused} when it cannot be done as asked */
export async function prepare<Tx>(
  parts: ProjectionParts<Tx>,
  from: RebuildSource | undefined,
): Promise<Preparation> {
  const { generations, checkpoints, model, history, streamTypes } = parts
  const status = await generations.status()
  if (status === undefined)
    throw new RebuildRefused(model.name, 'it has no generation yet: start the app once')
  const { live } = status
  const stored = await history.count(streamTypes)
  const end = await endHolding(parts, stored)
  const positions = await checkpoints.positions({ name: model.name, generation: live.generation })
  const lack = whatTheLogLacks(end, stored, isBeyond(positions, end))
  const { source, reason } = chooseSource(model.name, lack, from)
  const plan = {
    projection: model.name,
    live: live.generation,
    building: nextGeneration(status),
    source,
    reason,
    events: source === 'log' ? end.records : stored,
  }
  return { plan, live, end }
}

/** Milliseconds that the relay gets to publish what was stored before. */
const PUBLISH_PATIENCE = 2_000
const PAUSE = 50

/** The end of the log once it holds as many records as events were stored, or where it stays short of that. */
async function endHolding<Tx>(parts: ProjectionParts<Tx>, stored: number): Promise<EndVector> {
  const deadline = performance.now() + PUBLISH_PATIENCE
  for (;;) {
    const end = await endOf(parts)
    if (end.records >= stored || !end.complete || performance.now() > deadline) return end
    await delay(PAUSE)
  }
}

/** Why the log does not hold all of history, as far as it shows. */
function whatTheLogLacks(
  { complete, records }: EndVector,
  stored: number,
  madeAnew: boolean,
): string | undefined {
  if (!complete) return 'the topic no longer begins at the first event'
  if (madeAnew) return 'the topic was made anew: it ends before what was applied of it'
  if (records < stored) return `the topic holds ${records} records, the store ${stored} events`
  return undefined
}

function chooseSource(
  projection: string,
  lack: string | undefined,
  asked: RebuildSource | undefined,
): { readonly source: RebuildSource; readonly reason: string } {
  if (asked === 'store') return { source: 'store', reason: 'asked for' }
  if (lack === undefined) return { source: 'log', reason: 'the topic begins at the first event' }
  if (asked === 'log') throw new RebuildRefused(projection, `${lack}: rebuild from the store`)
  return { source: 'store', reason: lack }
}
