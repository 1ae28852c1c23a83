import { RebuildRefused } from '../core/errors/index.js'
import type { Feeder } from './feeders.js'
import { type Generation, type GenerationStatus, nextGeneration } from './generation.js'
import type { ProjectionParts } from './projection-feed.js'
import type { RebuildSource, Replay } from './projection-source.js'

/** Processes that feed the live generation from one build. */
export interface FeedingBuild {
  /** Of the build's definition. */
  readonly fingerprint: string
  /** Each by its host and its number there. */
  readonly processes: readonly string[]
  /** Whether they leave the projection to others at the swap: theirs is not the build that the new generation is of. */
  readonly stopsAtSwap: boolean
}

/** What a rebuild is about to do. */
export interface RebuildPlan {
  readonly projection: string
  /** 0 where there is none yet: an inline projection that was never started. */
  readonly live: number
  readonly building: number
  readonly source: RebuildSource
  /** Why that source. */
  readonly reason: string
  readonly events: number
  /** None where nobody feeds it now, or the appends write it. */
  readonly fedBy: readonly FeedingBuild[]
}

/** The plan, and what it was made from. */
export interface Preparation {
  readonly plan: RebuildPlan
  readonly live: Generation
  readonly replay: Replay
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
  if (parts.inline !== undefined) return (await prepareInline(parts, from)).plan
  const { plan } = await prepare(parts, from)
  return plan
}

/** @throws {@link RebuildRefused} when it cannot be done as asked */
export async function prepare<Tx>(
  parts: ProjectionParts<Tx>,
  from: RebuildSource | undefined,
): Promise<Preparation> {
  const { generations, checkpoints, model } = parts
  const status = await generations.status()
  if (status === undefined)
    throw new RebuildRefused(model.name, 'it has no generation yet: start the app once')
  await generations.refuseUnfit()
  const { live } = status
  const applied = await checkpoints.positions({ name: model.name, generation: live.generation })
  const replay = await parts.source.replay(from, applied)
  const fedBy = feedingBuilds(await parts.feeders.of(model.name), live.generation, parts.fingerprint)
  return { plan: planOf(model.name, status, replay, fedBy), live, replay }
}

/** Who feeds a generation, by build. `own`: the fingerprint of the build that the next one will be of. */
function feedingBuilds(feeders: readonly Feeder[], live: number, own: string): readonly FeedingBuild[] {
  const processes = new Map<string, string[]>()
  for (const { generation, fingerprint, process } of feeders) {
    if (generation !== live) continue
    processes.set(fingerprint, [...(processes.get(fingerprint) ?? []), process])
  }
  return [...processes].map(([fingerprint, names]) => ({
    fingerprint,
    processes: names,
    stopsAtSwap: fingerprint !== own,
  }))
}

/**
 * Of an inline projection, which may have no live generation yet.
 *
 * @throws {@link RebuildRefused} when it cannot be done as asked
 */
export async function prepareInline<Tx>(
  { generations, model, source }: Pick<ProjectionParts<Tx>, 'generations' | 'model' | 'source'>,
  from: RebuildSource | undefined,
): Promise<{ readonly plan: RebuildPlan; readonly live: Generation | undefined }> {
  const status = await generations.status()
  await generations.refuseUnfit()
  const replay = await source.replay(from, [])
  return { plan: planOf(model.name, status, replay, []), live: status?.live }
}

function planOf(
  projection: string,
  status: GenerationStatus | undefined,
  { source, reason, events }: Replay,
  fedBy: readonly FeedingBuild[],
): RebuildPlan {
  const live = status?.live.generation ?? 0
  const building = status === undefined ? 1 : nextGeneration(status)
  return { projection, live, building, source, reason, events, fedBy }
}
