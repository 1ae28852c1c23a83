import type { EffectParts } from '../processes/effect-parts.js'
import type { EffectsModel } from '../processes/index.js'
import { EffectSubscriber } from '../processes/effect-subscriber.js'
import { Places } from '../processes/places.js'
import { PostgresEffectRegistry } from '../processes/postgres/effect-registry.js'
import { touch } from '../processes/postgres/touch.js'
import { topicOf } from '../outbox/routing.js'
import { PostgresSchemaStore } from '../postgres/schema-store.js'
import { timeOf } from '../postgres/time-of.js'
import { PostgresFeeders } from '../projections/postgres/feeders.js'
import { type LaneSource, TopicLanes } from '../subscriptions/index.js'
import { PostgresCheckpointStore, type ReadTransaction } from '../subscriptions/postgres/index.js'
import { watchedCheckpoints } from './health/watched.js'
import type { Installation } from './installation.js'
import { idleLimitOf } from './postgres/databases.js'
import type { ReadInstallation } from './read-installation.js'
import { effectsAsUser } from './service-users.js'
import type { Settings } from './settings.js'

/** What depends on whose events it acts on. */
type OfOrigin = 'encoding' | 'storeId' | 'history' | 'schemas' | 'foreignTopics'

/** Puts together what feeding one class of effects needs. */
export function effectParts(installation: Installation, model: EffectsModel): EffectParts<ReadTransaction> {
  const { model: app, databases, log, topics, storeId, encoding, history } = installation
  const own = app.aggregates.filter(({ aggregateClass }) => model.sources.includes(aggregateClass))
  const names = own.map(({ name }) => topicOf(app.name, name))
  const read = new Map(names.map((it) => [it, topics.get(it) ?? 0]))
  const source = new TopicLanes({ log, topics: read, wayOut: 'new name' })
  return {
    ...commonParts(installation, model, source, () => timeOf(databases.store)),
    encoding,
    storeId,
    history,
    schemas: new PostgresSchemaStore(databases.store, databases.schemas.store),
  }
}

/** All else, which is the same wherever they come from; `now` is told by the clock that they are recorded by. */
export function commonParts(
  { model: app, settings, databases, services, logger, parts, states, eventTypes }: ReadInstallation,
  model: EffectsModel,
  source: LaneSource,
  now: () => Promise<Date>,
): Omit<EffectParts<ReadTransaction>, OfOrigin> {
  const { readDb: db, schemas } = databases
  const create = (): object => services.create(effectsAsUser(model))
  const idleLimit = idleLimitOf(settings)
  const feed = states.projection(model.name)
  return {
    app: app.name,
    model,
    source,
    registry: new PostgresEffectRegistry({ db, read: schemas.read, model, topics: source.topics, now }),
    feeders: new PostgresFeeders(db, schemas.read),
    checkpoints: watchedCheckpoints(parts.checkpoints(new PostgresCheckpointStore(db, schemas.read)), feed),
    subscriberFor: ({ actsFrom }) =>
      parts.effects(
        new EffectSubscriber({ app: app.name, model, actsFrom, create, touch, idleLimit }),
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

/** Effects hold connections while they wait for others: half of them at the most, so that the rest goes on. */
export const placesFor = ({ poolSize }: Pick<Settings, 'poolSize'>): Places =>
  new Places(Math.max(1, Math.floor(poolSize / 2)))
