import 'reflect-metadata'
import { Container } from 'inversify'
import { v7 as uuidv7 } from 'uuid'
import { AggregateRepository } from '../aggregates/aggregate-repository.js'
import { CommandBus } from '../aggregates/command-bus.js'
import { PostgresEventStore } from '../aggregates/postgres/event-store.js'
import { PostgresSnapshotStore } from '../aggregates/postgres/snapshot-store.js'
import { preparingSteps } from '../aggregates/preparing.js'
import { Snapshots } from '../aggregates/snapshots.js'
import type { EventStore } from '../core/ports/event-store.js'
import { PostgresLog } from '../log/postgres/index.js'
import type { Handover } from '../outbox/handover.js'
import {
  MoveWithinPostgres,
  PostgresEventsByPosition,
  PostgresOutbox,
  storeTables,
} from '../outbox/postgres/index.js'
import { PublishThenSettle } from '../outbox/publish-then-settle.js'
import type { Relay } from '../outbox/relay.js'
import { routingFor } from '../outbox/routing.js'
import { PostgresEventOrder } from '../postgres/event-order.js'
import { isTransient } from '../postgres/sql-state.js'
import type { AppModel } from './app-model.js'
import { InlineAtWork } from './inline-at-work.js'
import { isAway } from './health/postgres/is-away.js'
import { watchedStore } from './health/watched.js'
import type { Installation } from './installation.js'
import { relayFor } from './relay-for.js'
import { preparationsAsUser } from './service-users.js'
import { StoredHistory } from './stored-history.js'
import { tellingStore } from './telling-store.js'
import { TOKENS } from './tokens.js'

/** Aggregates kept in memory between commands. */
const KEPT_AGGREGATES = 10_000

/**
 * Binds the moving parts of an app's store to what it runs on, as far as they are this process' roles. Nothing moves before
 * it is asked for and started. The read side, which an app may have without a store, is put together by itself.
 */
export function compose(installation: Installation): Container {
  const { roles } = installation.settings
  const container = new Container({ defaultScope: 'Singleton' })
  container.bind(TOKENS.installation).toConstantValue(installation)
  container
    .bind(TOKENS.eventStore)
    .toResolvedValue(eventStore, [TOKENS.installation, { serviceIdentifier: TOKENS.inline, optional: true }])
  container
    .bind(TOKENS.storedHistory)
    .toResolvedValue(storedHistory, [TOKENS.installation, TOKENS.eventStore])
  if (roles.has('api')) bindCommands(container)
  if (roles.has('relay')) bindRelay(container)
  return container
}

function bindCommands(container: Container): void {
  container.bind(TOKENS.inline).toResolvedValue((it) => new InlineAtWork(it), [TOKENS.installation])
  container.bind(TOKENS.repository).toResolvedValue(repository, [TOKENS.installation, TOKENS.eventStore])
  container
    .bind(TOKENS.commandBus)
    .toResolvedValue(commandBus, [
      TOKENS.installation,
      TOKENS.eventStore,
      TOKENS.repository,
      { serviceIdentifier: TOKENS.relay, optional: true },
    ])
}

function bindRelay(container: Container): void {
  container.bind(TOKENS.outbox).toResolvedValue(outbox, [TOKENS.installation])
  container.bind(TOKENS.handover).toResolvedValue(handover, [TOKENS.installation, TOKENS.outbox])
  container.bind(TOKENS.relay).toResolvedValue(relay, [TOKENS.installation, TOKENS.outbox, TOKENS.handover])
}

function eventStore(
  { databases, model, states, parts, logger }: Installation,
  inline: InlineAtWork | undefined,
): EventStore {
  const { store, schemas } = databases
  const options = { inline: inline?.projections, failpoints: parts.failpoints }
  const events = new PostgresEventStore(store, schemas.store, routingFor(model.name), options)
  const telling = tellingStore(events, { logger, address: databases.address, isAway })
  return watchedStore(telling, states.store, states.appends, isAway)
}

function storedHistory(installation: Installation, store: EventStore): StoredHistory {
  const { databases, model, history, eventTypes, appends, logger } = installation
  const order = new PostgresEventOrder(databases.store, databases.schemas.store)
  return new StoredHistory({ model, store, history, order, eventTypes, appends, isTransient, logger })
}

function repository({ databases, logger }: Installation, store: EventStore): AggregateRepository {
  const snapshots = new PostgresSnapshotStore(databases.store, databases.schemas.store)
  return new AggregateRepository(store, KEPT_AGGREGATES, new Snapshots({ store: snapshots, logger }))
}

function outbox({ databases, parts }: Installation): PostgresOutbox {
  const shipped = new PostgresOutbox(databases.store, databases.schemas.store, parts.failpoints)
  return parts.outbox(shipped, databases)
}

function handover(
  { databases, log, parts, settings, encoding }: Installation,
  outbox: PostgresOutbox,
): Handover {
  const { store, schemas } = databases
  const { failpoints } = parts
  if (log instanceof PostgresLog) return new MoveWithinPostgres(store, schemas.store, outbox, log, failpoints)
  const events = new PostgresEventsByPosition(store, schemas.store)
  const publisher = parts.publisher(log.publisher(), { kafka: settings.kafka, encoding })
  return new PublishThenSettle(events, publisher, outbox, failpoints)
}

function relay(installation: Installation, outbox: PostgresOutbox, handover: Handover): Relay {
  const { databases, parts, states } = installation
  return relayFor(installation, {
    outbox,
    handover,
    leases: { pool: databases.store, tables: storeTables(databases.schemas.store) },
    replaceLeases: parts.slotLeases,
    states: states.relay,
    server: states.store,
  })
}

function commandBus(
  { model, settings, services, appends }: Installation,
  store: EventStore,
  repository: AggregateRepository,
  relay: Relay | undefined,
): CommandBus {
  return new CommandBus({
    aggregates: model.aggregates,
    store,
    repository,
    now: () => new Date(),
    newId: uuidv7,
    isTransient,
    // Where this process publishes everything, nobody else need hear of it, except who follows the store itself.
    onAppended: () => appends.announce(relay?.holdsEverySlot !== true || followsStore(model)),
    preparations: preparingSteps(model.preparations, (it) => services.create(preparationsAsUser(it))),
    maxPayloadBytes: settings.maxPayloadBytes,
    timeout: settings.commandTimeout,
    mostUnderWay: settings.maxCommands,
  })
}

/** Whether a projection takes its events from the store, in the order of all of them, and not from the log. */
function followsStore({ projections }: AppModel): boolean {
  return projections.some(({ across }) => across === 'ordered')
}
