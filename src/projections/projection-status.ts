import { lagOf } from '../log/index.js'
import type { GenerationStatus } from './generation.js'
import type { ProjectionModel } from './projection-model.js'
import type { ProjectionParts } from './projection-feed.js'

/**
 * - `new`: it was never started, so it has no generation yet
 * - `ready`: nothing keeps its live generation from being fed; whether a process does so shows in its lag
 * - `stopped`: an event could not be applied; it goes on when the app is started again
 */
export const PROJECTION_STATES = ['new', 'ready', 'stopped'] as const
export type ProjectionState = (typeof PROJECTION_STATES)[number]

/** How far the live generation has come in one partition. */
export interface LaneStatus {
  readonly topic: string
  readonly partition: number
  readonly next: bigint
  readonly end: bigint
}

/** Where a projection stands. */
export interface ProjectionStatus {
  readonly name: string
  readonly kind: ProjectionModel['kind']
  /** The version that built the live generation; the declared one before there is any. */
  readonly version: number
  readonly generation: number | undefined
  /** A generation that is not live yet: a rebuild is under way, or was killed and left it for the next one to drop. */
  readonly building: number | undefined
  readonly state: ProjectionState
  readonly lanes: readonly LaneStatus[]
  /** Records in its topics that it has not applied. */
  readonly lag: bigint
  /** What stopped it. */
  readonly failure: string | undefined
}

/** Looks up where a projection stands, whether or not anybody feeds it. Changes nothing. */
export async function projectionStatus<Tx>(parts: ProjectionParts<Tx>): Promise<ProjectionStatus> {
  const { name, kind, version } = parts.model
  const status = await parts.generations.status()
  const generation = status?.live.generation
  return {
    name,
    kind,
    version: status?.declaredVersion ?? version,
    generation,
    building: status?.building,
    state: stateOf(status),
    failure: status?.failure,
    ...(await progressOf(parts, generation)),
  }
}

function stateOf(status: GenerationStatus | undefined): ProjectionState {
  if (status === undefined) return 'new'
  return status.state === 'stopped' ? 'stopped' : 'ready'
}

async function progressOf<Tx>(
  { model, topics, log, checkpoints }: ProjectionParts<Tx>,
  generation: number | undefined,
): Promise<Pick<ProjectionStatus, 'lanes' | 'lag'>> {
  const positions =
    generation === undefined ? [] : await checkpoints.positions({ name: model.name, generation })
  const lanes: LaneStatus[] = []
  let lag = 0n
  for (const topic of (await log.topics.describe([...topics.keys()])).keys()) {
    const own = positions.filter((it) => it.topic === topic)
    const next = new Map(own.map((it) => [it.partition, it.next]))
    const offsets = await log.topics.offsets(topic)
    lag += lagOf(offsets, next)
    lanes.push(
      ...offsets.map(({ partition, end }) => ({ topic, partition, next: next.get(partition) ?? 0n, end })),
    )
  }
  return { lanes, lag }
}
