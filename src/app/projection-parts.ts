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
import type { ReadInstallation } from './read-installation.js'
import { projectionAsUser } from './service-users.js'

/** What depends on whose events it reads. */
type OfOrigin = 'streamTypes' | 'inline' | 'encoding' | 'storeId' | 'history' | 'schemas' | 'foreignTopics'

/** Puts together what feeding and rebuilding one projection needs. */
export function projectionParts(
  installation: Installation,
  model: ProjectionModel,
): ProjectionParts<ReadTransaction> {
  const { databases, storeId, encoding, history } = installation
  const streamTypes = streamTypesOf(installation, model)
  return {
    ...commonParts(installation, model, sourceOf(installation, model), streamTypes),
    streamTypes,
    inline: model.inline ? inlineParts(installation, model, streamTypes) : undefined,
    encoding,
    history,
    storeId,
    schemas: new PostgresSchemaStore(databases.store, databases.schemas.store),
  }
}

/** All else, which is the same wherever they come from; `recordedTypes` are kept with each generation. */
export function commonParts(
  { model: app, settings, databases, services, logger, parts, states, eventTypes }: ReadInstallation,
  model: ProjectionModel,
  source: ProjectionSource,
  recordedTypes: readonly string[],
): Omit<ProjectionParts<ReadTransaction>, OfOrigin> {
  const { readDb, schemas } = databases
  const create = (): object => services.create(projectionAsUser(model))
  const feed = states.projection(model.name)
  return {
    app: app.name,
    model,
    source,
    ...generationParts(databases, app.name, model, source.topics, recordedTypes),
    checkpoints: watchedCheckpoints(
      parts.checkpoints(new PostgresCheckpointStore(readDb, schemas.read)),
      feed,
    ),
    subscriberFor: (generation) =>
      parts.subscriber(
        model.kind === 'table'
          ? new TableProjector(model, generation, create)
          : new SqlProjector(model, generation, create),
        model,
      ),
    ...feed.hooks,
    lease: settings.lease,
    eventTypes,
    isTransient: parts.isTransient,
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
