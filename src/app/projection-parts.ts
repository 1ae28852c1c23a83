import { topicOf } from '../outbox/routing.js'
import { PostgresEventOrder } from '../postgres/event-order.js'
import { PostgresSchemaStore } from '../postgres/schema-store.js'
import type { ProjectionModel } from '../projections/index.js'
import { InlineSource } from '../projections/inline-source.js'
import type { InlineParts, ProjectionParts } from '../projections/projection-feed.js'
import type { ProjectionSource } from '../projections/projection-source.js'
import { PostgresInlineGenerations } from '../projections/postgres/inline-generations.js'
import { PostgresInlineProgress } from '../projections/postgres/inline-progress.js'
import { SqlProjector } from '../projections/postgres/sql-projector.js'
import { TableProjector } from '../projections/postgres/table-projector.js'
import { StoreSource } from '../projections/store-source.js'
import { TopicSource } from '../projections/topic-source.js'
import type { OrderedFeed } from '../subscriptions/index.js'
import {
  PostgresCheckpointStore,
  PostgresOrderedFeed,
  type ReadTransaction,
} from '../subscriptions/postgres/index.js'
import { watchedCheckpoints } from './health/watched.js'
import { generationParts } from './generation-parts.js'
import type { Installation } from './installation.js'
import { projectionAsUser } from './service-users.js'

/** Puts together what feeding and rebuilding one projection needs. */
export function projectionParts(
  installation: Installation,
  model: ProjectionModel,
): ProjectionParts<ReadTransaction> {
  const {
    model: app,
    settings,
    databases,
    storeId,
    encoding,
    eventTypes,
    history,
    services,
    logger,
    parts,
    states,
  } = installation
  const { readDb, schemas } = databases
  const source = sourceOf(installation, model)
  const streamTypes = streamTypesOf(installation, model)
  const feed = states.projection(model.name)
  const create = (): object => services.create(projectionAsUser(model))
  return {
    app: app.name,
    model,
    source,
    streamTypes,
    ...generationParts(databases, app.name, model, source.topics, streamTypes),
    inline: model.inline ? inlineParts(installation, model, streamTypes) : undefined,
    checkpoints: watchedCheckpoints(
      parts.checkpoints(new PostgresCheckpointStore(readDb, schemas.read)),
      feed,
    ),
    ...feed.hooks,
    subscriberFor: (generation) =>
      parts.subscriber(
        model.kind === 'table'
          ? new TableProjector(model, generation, create)
          : new SqlProjector(model, generation, create),
        model,
      ),
    lease: settings.lease,
    encoding,
    eventTypes,
    history,
    storeId,
    isTransient: parts.isTransient,
    schemas: new PostgresSchemaStore(databases.store, schemas.store),
    failpoints: parts.failpoints,
    logger,
  }
}

/** Where a projection's events come from. An inline one is written by the appends, and follows nothing. */
function sourceOf(installation: Installation, model: ProjectionModel): ProjectionSource {
  const { model: app, log, history, topics } = installation
  const streamTypes = streamTypesOf(installation, model)
  if (model.inline) return new InlineSource({ projection: model.name, streamTypes, history })
  if (model.across === 'ordered') {
    const feed = orderedFeed(installation)
    return new StoreSource({ app: app.name, projection: model.name, streamTypes, history, feed })
  }
  const own = streamTypes.map((type): [string, number] => {
    const topic = topicOf(app.name, type)
    return [topic, topics.get(topic) ?? 0]
  })
  return new TopicSource({ projection: model.name, log, topics: new Map(own), streamTypes, history })
}

function inlineParts(
  { model: app, databases: { store, readDb, schemas } }: Installation,
  { name: projection }: ProjectionModel,
  streamTypes: readonly string[],
): InlineParts<ReadTransaction> {
  const own = { db: readDb, ...schemas, app: app.name, projection, streamTypes }
  return {
    generations: new PostgresInlineGenerations(own),
    order: new PostgresEventOrder(store, schemas.store),
    progress: new PostgresInlineProgress(store, schemas.store),
  }
}

/** The aggregates, by name, whose events a projection reads. */
function streamTypesOf(
  { model: { aggregates } }: Installation,
  { sources }: ProjectionModel,
): readonly string[] {
  return aggregates.filter(({ aggregateClass }) => sources.includes(aggregateClass)).map(({ name }) => name)
}

function orderedFeed({
  databases,
  appends,
  history,
  encoding,
  logger,
  parts: { failpoints },
}: Installation): OrderedFeed {
  const { store, read, schemas } = databases
  return new PostgresOrderedFeed({
    history,
    order: new PostgresEventOrder(store, schemas.store),
    encoding,
    leasePool: read,
    read: schemas.read,
    onAppended: (wake) => appends.listen(wake),
    logger,
    failpoints,
  })
}
