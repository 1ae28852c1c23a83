import { isTransient } from '../postgres/sql-state.js'
import { topicOf } from '../outbox/routing.js'
import type { ProjectionModel } from '../projections/index.js'
import type { ProjectionParts } from '../projections/projection-feed.js'
import { PostgresGenerations } from '../projections/postgres/generations.js'
import { SqlProjector } from '../projections/postgres/sql-projector.js'
import { TableProjector } from '../projections/postgres/table-projector.js'
import { PostgresCheckpointStore, type ReadTransaction } from '../subscriptions/postgres/index.js'
import type { Installation } from './installation.js'

/** Puts together what feeding and rebuilding one projection needs. */
export function projectionParts(
  {
    model: app,
    settings,
    databases,
    log,
    storeId,
    encoding,
    eventTypes,
    history,
    logger,
    topics,
  }: Installation,
  model: ProjectionModel,
): ProjectionParts<ReadTransaction> {
  const { readDb, schemas } = databases
  const sources = app.aggregates.filter(({ aggregateClass }) => model.sources.includes(aggregateClass))
  const own = new Map(
    sources.map(({ name }): [string, number] => [
      topicOf(app.name, name),
      topics.get(topicOf(app.name, name)) ?? 0,
    ]),
  )
  return {
    app: app.name,
    model,
    topics: own,
    streamTypes: sources.map(({ name }) => name),
    generations: new PostgresGenerations({
      db: readDb,
      read: schemas.read,
      app: app.name,
      model,
      topics: own,
    }),
    checkpoints: new PostgresCheckpointStore(readDb, schemas.read),
    subscriberFor: (generation) =>
      model.kind === 'table' ? new TableProjector(model, generation) : new SqlProjector(model, generation),
    log,
    lease: settings.lease,
    encoding,
    eventTypes,
    history,
    storeId,
    isTransient,
    logger,
  }
}
