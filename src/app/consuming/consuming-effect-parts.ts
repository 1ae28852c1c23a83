import { jsonEncoding } from '../../contracts/index.js'
import { timeOf } from '../../postgres/time-of.js'
import type { EffectParts } from '../../processes/effect-parts.js'
import type { EffectsModel } from '../../processes/index.js'
import { TopicLanes } from '../../subscriptions/index.js'
import type { ReadTransaction } from '../../subscriptions/postgres/index.js'
import { commonParts } from '../effect-parts.js'
import type { ReadInstallation } from '../read-installation.js'
import { contractsOf } from './consuming-parts.js'
import { contractRules } from './contract-rules.js'
import { HistoryOutOfReach } from './out-of-reach.js'

/** Puts together what feeding one class of effects of a consuming service needs. */
export function consumingEffectParts(
  installation: ReadInstallation,
  model: EffectsModel,
): EffectParts<ReadTransaction> {
  const { model: app, databases, log, topics } = installation
  const contracts = contractsOf(app, model)
  const own = new Map(contracts.map(({ topic }) => [topic, topics.get(topic) ?? 0]))
  const source = new TopicLanes({ log, topics: own, wayOut: 'new name' })
  return {
    ...commonParts(installation, model, source, () => timeOf(databases.read)),
    // It has no topics of its own to read with these.
    encoding: jsonEncoding({ service: app.name, storeId: '' }),
    storeId: '',
    history: new HistoryOutOfReach(),
    foreignTopics: new Map(contracts.map((contract) => [contract.topic, contractRules(contract, log)])),
  }
}
