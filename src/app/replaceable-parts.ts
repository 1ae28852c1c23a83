import { type Failpoints, noFailpoints } from '../core/ports/failpoints.js'
import type { EventEncoding } from '../core/event-encoding.js'
import type { KafkaSettings } from '../kafka/settings.js'
import type { LogPublisher } from '../log/index.js'
import type { PostgresOutbox } from '../outbox/postgres/index.js'
import type { SlotLeases } from '../outbox/relay.js'
import type { EffectsModel } from '../processes/index.js'
import type { ProjectionModel } from '../projections/index.js'
import type { CheckpointStore, Subscriber } from '../subscriptions/index.js'
import type { ReadTransaction } from '../subscriptions/postgres/index.js'
import { isTransient } from '../postgres/sql-state.js'
import type { Databases } from './postgres/databases.js'

/**
 * Parts of an app that stand behind ports, each given the shipped one and answering what is used in its place.
 *
 * This is how tests plant faults and stop at failpoints. No export, option or variable leads here: what an app is
 * started with is {@link shippedParts}.
 */
export interface ReplaceableParts {
  readonly failpoints: Failpoints
  readonly outbox: (shipped: PostgresOutbox, databases: Databases) => PostgresOutbox
  readonly slotLeases: (shipped: SlotLeases) => SlotLeases
  readonly publisher: (shipped: LogPublisher, publishing: Publishing) => LogPublisher
  readonly checkpoints: (shipped: CheckpointStore<ReadTransaction>) => CheckpointStore<ReadTransaction>
  readonly subscriber: (
    shipped: Subscriber<ReadTransaction>,
    model: ProjectionModel,
  ) => Subscriber<ReadTransaction>
  readonly effects: (shipped: Subscriber<ReadTransaction>, model: EffectsModel) => Subscriber<ReadTransaction>
  /** Whether the same work, done again, can succeed. */
  readonly isTransient: (error: unknown) => boolean
}

/** What a publisher of events is made of. */
export interface Publishing {
  /** Undefined where the log is in Postgres. */
  readonly kafka: KafkaSettings | undefined
  readonly encoding: EventEncoding
}

export const shippedParts: ReplaceableParts = {
  failpoints: noFailpoints,
  outbox: (shipped) => shipped,
  slotLeases: (shipped) => shipped,
  publisher: (shipped) => shipped,
  checkpoints: (shipped) => shipped,
  subscriber: (shipped) => shipped,
  effects: (shipped) => shipped,
  isTransient,
}
