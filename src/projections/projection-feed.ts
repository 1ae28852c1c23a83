import type { EventEncoding } from '../core/event-encoding.js'
import type { EventTypes } from '../core/event-reading.js'
import type { ProjectionStopped } from '../core/errors/index.js'
import type { EventReader } from '../core/ports/event-reader.js'
import type { Logger } from '../core/ports/logger.js'
import { type Lane, laneName, type Log, type LogSubscription } from '../log/index.js'
import {
  type CheckpointStore,
  type LaneBounds,
  type Subscriber,
  Subscription,
} from '../subscriptions/index.js'
import { type Generation, type Generations, generationGroup } from './generation.js'
import type { ProjectionModel } from './projection-model.js'

/** Everything that feeding a projection needs, whichever of its generations. `Tx` is what its rows are written in. */
export interface ProjectionParts<Tx> {
  readonly app: string
  readonly model: ProjectionModel
  /** Partitions per topic that it reads. */
  readonly topics: ReadonlyMap<string, number>
  /** The aggregates, by name, whose events are in these topics. */
  readonly streamTypes: readonly string[]
  readonly generations: Generations
  readonly checkpoints: CheckpointStore<Tx>
  readonly subscriberFor: (generation: Generation) => Subscriber<Tx>
  readonly log: Log
  readonly lease: number
  readonly encoding: EventEncoding
  readonly eventTypes: EventTypes
  readonly history: EventReader
  readonly storeId: string
  readonly isTransient: (error: unknown) => boolean
  readonly logger: Logger
}

export interface FeedEvents {
  readonly onStopped: (error: ProjectionStopped) => void
  readonly onRetired: () => void
  readonly onApplied: (events: number) => void
}

/** Joins the group of a generation and feeds it from the log until the answer is stopped. */
export function feed<Tx>(
  parts: ProjectionParts<Tx>,
  generation: Generation,
  { onStopped, onRetired, onApplied }: FeedEvents,
): Promise<LogSubscription> {
  const {
    app,
    model,
    topics,
    log,
    lease,
    checkpoints,
    encoding,
    eventTypes,
    history,
    storeId,
    logger,
    isTransient,
  } = parts
  return log.subscribe({
    group: generationGroup(app, model.name, generation.generation),
    topics: [...topics.keys()],
    lease,
    consumer: new Subscription({
      subscriber: parts.subscriberFor(generation),
      checkpoints,
      encoding,
      eventTypes,
      history,
      storeId,
      boundsOf: (lane) => boundsIn(log, lane),
      logger,
      isTransient,
      onStopped,
      onRetired,
      onApplied: (_lane, events) => onApplied(events),
    }),
  })
}

async function boundsIn(log: Log, lane: Lane): Promise<LaneBounds> {
  const offsets = await log.topics.offsets(lane.topic)
  const bounds = offsets.find(({ partition }) => partition === lane.partition)
  if (bounds === undefined) throw new Error(`the topic has no partition ${laneName(lane)}`)
  return bounds
}
