import type { EventEncoding } from '../core/event-encoding.js'
import type { EventTypes } from '../core/event-reading.js'
import type { EventReader } from '../core/ports/event-reader.js'
import type { Failpoints } from '../core/ports/failpoints.js'
import type { Logger } from '../core/ports/logger.js'
import type { SchemaStore } from '../core/ports/schema-store.js'
import type {
  CheckpointStore,
  LaneSource,
  Subscriber,
  SubscriptionOptions,
  TopicRules,
} from '../subscriptions/index.js'
import type { EffectRegistry, RegisteredEffects } from './effect-registry.js'
import type { EffectsModel } from './effects-model.js'

/** A process that feeds a class of effects. */
export interface EffectFeeder {
  /** Which one, in words: its host and its number there. */
  readonly process: string
  readonly since: Date
}

/** Everything that feeding a class of effects needs. `Tx` is the transaction that keeps others from acting meanwhile. */
export interface EffectParts<Tx> extends Pick<SubscriptionOptions<Tx>, 'onTransient' | 'onParked'> {
  readonly app: string
  readonly model: EffectsModel
  readonly source: LaneSource
  readonly registry: EffectRegistry
  readonly feeders: { of(name: string): Promise<readonly EffectFeeder[]> }
  readonly checkpoints: CheckpointStore<Tx>
  readonly subscriberFor: (registered: RegisteredEffects) => Subscriber<Tx>
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

/** `<app>.<effects>.g1`: the consumer group that feeds a class of effects, named as those of projections. */
export const effectGroup = (app: string, name: string): string => `${app}.${name}.g1`
