import type { EventEncoding } from '../core/event-encoding.js'
import type { EventTypes } from '../core/event-reading.js'
import type { ProjectionStopped } from '../core/errors/index.js'
import type { EventOrder } from '../core/ports/event-order.js'
import type { EventReader } from '../core/ports/event-reader.js'
import type { Failpoints } from '../core/ports/failpoints.js'
import type { Logger } from '../core/ports/logger.js'
import type { SchemaStore } from '../core/ports/schema-store.js'
import type { LogSubscription } from '../log/index.js'
import {
  type CheckpointStore,
  recordedBounds,
  type Subscriber,
  Subscription,
  type SubscriptionOptions,
  type TopicRules,
  type WaitingLane,
} from '../subscriptions/index.js'
import type { Acceptance } from './acceptance.js'
import type { Feeders } from './feeders.js'
import { type Generation, type Generations, generationGroup } from './generation.js'
import type { InlineGenerations } from './inline-generations.js'
import type { ProjectionModel } from './projection-model.js'
import type { ProjectionSource } from './projection-source.js'

/** What an inline projection has in the place of a feed. */
export interface InlineParts<Tx> {
  readonly generations: InlineGenerations<Tx>
  readonly order: EventOrder
  /** How far it is with a stream. */
  readonly progress: Pick<Generations, 'progressOf'>
}

/**
 * Everything that feeding a projection needs, whichever of its generations, and who hears of what is tried again and of what
 * was parked. `Tx` is what its rows are written in.
 */
export interface ProjectionParts<Tx> extends Pick<SubscriptionOptions<Tx>, 'onTransient' | 'onParked'> {
  readonly app: string
  readonly model: ProjectionModel
  readonly source: ProjectionSource
  /** The aggregates, by name, whose events it reads. */
  readonly streamTypes: readonly string[]
  readonly generations: Generations
  /** Of this build's definition. */
  readonly fingerprint: string
  readonly acceptance: Acceptance
  readonly feeders: Feeders
  /** Of an inline projection, which is not fed. */
  readonly inline?: InlineParts<Tx> | undefined
  readonly checkpoints: CheckpointStore<Tx>
  readonly subscriberFor: (generation: Generation) => Subscriber<Tx>
  readonly lease: number
  readonly encoding: EventEncoding
  readonly eventTypes: EventTypes
  readonly history: EventReader
  readonly storeId: string
  /** The rules of topics that are not the app's own. */
  readonly foreignTopics?: ReadonlyMap<string, TopicRules>
  readonly isTransient: (error: unknown) => boolean
  /** What other releases write. Not given, nobody knows what this build does not. */
  readonly schemas?: SchemaStore
  readonly failpoints?: Failpoints
  readonly logger: Logger
}

export interface FeedEvents {
  readonly onStopped: (error: ProjectionStopped) => void
  readonly onRetired: () => void
  readonly onApplied: (events: number) => void
  /** Told when a lane waits for versions that its topic does not have now. */
  readonly onWaiting?: (lane: WaitingLane) => void
}

/** Joins the group of a generation and feeds it from its source until the answer is stopped. */
export async function feed<Tx>(
  parts: ProjectionParts<Tx>,
  generation: Generation,
  { onStopped, onRetired, onApplied, onWaiting = () => undefined }: FeedEvents,
): Promise<LogSubscription> {
  const { app, model, source, lease } = parts
  const { generation: number } = generation
  const boundsOf = await recordedBounds(parts, source, { name: model.name, generation: number })
  return source.join({
    group: generationGroup(app, model.name, number),
    lease,
    consumer: new Subscription({
      ...parts,
      subscriber: parts.subscriberFor(generation),
      boundsOf,
      gaps: source.gaps,
      onStopped,
      onRetired,
      onApplied: (_lane, events) => onApplied(events),
      onWaiting,
      attempts: model.attempts,
    }),
  })
}
