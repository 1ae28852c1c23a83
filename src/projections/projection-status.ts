import type { WaitingLane } from '../subscriptions/index.js'
import type { Feeder } from './feeders.js'
import type { GenerationStatus } from './generation.js'
import type { ProjectionModel } from './projection-model.js'
import type { ProjectionParts } from './projection-feed.js'
import type { LaneStatus } from './projection-source.js'

export type { LaneStatus } from './projection-source.js'

/**
 * - `new`: it was never started, so it has no generation yet
 * - `ready`: nothing keeps its live generation from being fed; whether a process does so shows in its lag
 * - `waiting`: a lane waits for versions that its topic lacks; the others go on
 * - `stopped`: an event could not be applied; it goes on when the app is started again
 */
export const PROJECTION_STATES = ['new', 'ready', 'waiting', 'stopped'] as const
export type ProjectionState = (typeof PROJECTION_STATES)[number]

/** Where a projection stands. */
export interface ProjectionStatus {
  readonly name: string
  readonly kind: ProjectionModel['kind']
  /** Whether the appends write it, so that it has no lanes and is never behind. */
  readonly inline: boolean
  /** The version that built the live generation; the declared one before there is any. */
  readonly version: number
  readonly generation: number | undefined
  /** A generation that is not live yet: a rebuild is under way, or was killed and left it for the next one to drop. */
  readonly building: number | undefined
  readonly state: ProjectionState
  readonly lanes: readonly LaneStatus[]
  /** Records in its topics, or events in the store, that it has not applied. */
  readonly lag: bigint
  /** Lanes that wait, and what for. */
  readonly waiting: readonly WaitingLane[]
  /** What stopped it. */
  readonly failure: string | undefined
  /** Processes that feed one of its generations now. */
  readonly feeders: readonly Feeder[]
}

/** Looks up where a projection stands, whether or not anybody feeds it. Changes nothing. */
export async function projectionStatus<Tx>(parts: ProjectionParts<Tx>): Promise<ProjectionStatus> {
  const { name, kind, inline, version } = parts.model
  const status = await parts.generations.status()
  const generation = status?.live.generation
  const waiting = generation === undefined ? [] : await parts.checkpoints.waiting({ name, generation })
  return {
    name,
    kind,
    inline,
    version: status?.declaredVersion ?? version,
    generation,
    building: status?.building,
    state: stateOf(status, waiting),
    waiting,
    failure: status?.failure,
    feeders: await parts.feeders.of(name),
    ...(await progressOf(parts, generation)),
  }
}

function stateOf(status: GenerationStatus | undefined, waiting: readonly WaitingLane[]): ProjectionState {
  if (status === undefined) return 'new'
  if (status.state === 'stopped') return 'stopped'
  return waiting.length > 0 ? 'waiting' : 'ready'
}

async function progressOf<Tx>(
  { model, source, checkpoints }: ProjectionParts<Tx>,
  generation: number | undefined,
): Promise<Pick<ProjectionStatus, 'lanes' | 'lag'>> {
  const positions =
    generation === undefined ? [] : await checkpoints.positions({ name: model.name, generation })
  return source.progress(positions)
}
