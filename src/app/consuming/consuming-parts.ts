import { jsonEncoding } from '../../contracts/index.js'
import type { Contract } from '../../core/contract.js'
import { LogOnlySource } from '../../projections/log-only-source.js'
import { SqlProjector } from '../../projections/postgres/sql-projector.js'
import { TableProjector } from '../../projections/postgres/table-projector.js'
import type { ProjectionModel } from '../../projections/index.js'
import type { ProjectionParts } from '../../projections/projection-feed.js'
import { PostgresCheckpointStore, type ReadTransaction } from '../../subscriptions/postgres/index.js'
import type { AppModel } from '../app-model.js'
import { generationParts } from '../generation-parts.js'
import { watchedCheckpoints } from '../health/watched.js'
import { projectionAsUser } from '../service-users.js'
import type { ConsumingInstallation } from './consuming-installation.js'
import { contractRules } from './contract-rules.js'
import { HistoryOutOfReach } from './out-of-reach.js'

/** Puts together what feeding and rebuilding one projection of a consuming service needs. */
export function consumingParts(
  {
    model: app,
    settings,
    databases,
    log,
    eventTypes,
    services,
    logger,
    topics,
    parts,
    states,
  }: ConsumingInstallation,
  model: ProjectionModel,
): ProjectionParts<ReadTransaction> {
  const { readDb, schemas } = databases
  const contracts = contractsOf(app, model)
  const own = new Map(contracts.map(({ topic }) => [topic, topics.get(topic) ?? 0]))
  const feed = states.projection(model.name)
  const create = (): object => services.create(projectionAsUser(model))
  return {
    app: app.name,
    model,
    source: new LogOnlySource({ projection: model.name, log, topics: own }),
    streamTypes: contracts.filter(({ guard }) => guard === 'versions').map(({ name }) => name),
    ...generationParts(databases, app.name, model, own, []),
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
    // It has no topics of its own to read with these.
    encoding: jsonEncoding({ service: app.name, storeId: '' }),
    storeId: '',
    history: new HistoryOutOfReach(),
    eventTypes,
    foreignTopics: new Map(contracts.map((contract) => [contract.topic, contractRules(contract, log)])),
    isTransient: parts.isTransient,
    failpoints: parts.failpoints,
    logger,
  }
}

/** The contracts that a projection, or a class of effects, reads from. */
export function contractsOf(
  { contracts }: AppModel,
  { sources }: Pick<ProjectionModel, 'sources'>,
): readonly Contract[] {
  return contracts.filter((contract) => sources.includes(contract))
}
