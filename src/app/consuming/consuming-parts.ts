import { jsonEncoding } from '../../contracts/index.js'
import type { Contract } from '../../core/contract.js'
import { LogOnlySource } from '../../projections/log-only-source.js'
import type { ProjectionModel } from '../../projections/index.js'
import type { ProjectionParts } from '../../projections/projection-feed.js'
import type { ReadTransaction } from '../../subscriptions/postgres/index.js'
import type { AppModel } from '../app-model.js'
import { commonParts } from '../projection-parts.js'
import type { ReadInstallation } from '../read-installation.js'
import { contractRules } from './contract-rules.js'
import { HistoryOutOfReach } from './out-of-reach.js'

/** Puts together what feeding and rebuilding one projection of a consuming service needs. */
export function consumingParts(
  installation: ReadInstallation,
  model: ProjectionModel,
): ProjectionParts<ReadTransaction> {
  const { model: app, log, topics } = installation
  const contracts = contractsOf(app, model)
  const own = new Map(contracts.map(({ topic }) => [topic, topics.get(topic) ?? 0]))
  const source = new LogOnlySource({ projection: model.name, log, topics: own })
  return {
    ...commonParts(installation, model, source, []),
    streamTypes: contracts.filter(({ guard }) => guard === 'versions').map(({ name }) => name),
    // It has no topics of its own to read with these.
    encoding: jsonEncoding({ service: app.name, storeId: '' }),
    storeId: '',
    history: new HistoryOutOfReach(),
    foreignTopics: new Map(contracts.map((contract) => [contract.topic, contractRules(contract, log)])),
  }
}

/** The contracts that a projection, or a class of effects, reads from. */
export function contractsOf(
  { contracts }: AppModel,
  { sources }: Pick<ProjectionModel, 'sources'>,
): readonly Contract[] {
  return contracts.filter((contract) => sources.includes(contract))
}
