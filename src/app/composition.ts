import 'reflect-metadata'
import { randomUUID } from 'node:crypto'
import { Container } from 'inversify'
import { v7 as uuidv7 } from 'uuid'
import { AggregateRepository } from '../aggregates/aggregate-repository.js'
import { CommandBus } from '../aggregates/command-bus.js'
import { PostgresEventStore } from '../aggregates/postgres/event-store.js'
import type { EventStore } from '../core/ports/event-store.js'
import { PostgresLog } from '../log/postgres/index.js'
import type { Handover } from '../outbox/handover.js'
import { SLOTS } from '../outbox/outbox.js'
import {
  MoveWithinPostgres,
  OUTBOX_SCOPE,
  PostgresEventsByPosition,
  PostgresOutbox,
} from '../outbox/postgres/index.js'
import { PublishThenSettle } from '../outbox/publish-then-settle.js'
import { Relay } from '../outbox/relay.js'
import { routingFor } from '../outbox/routing.js'
import { LeaseSet } from '../postgres/lease-set.js'
import { isTransient } from '../postgres/sql-state.js'
import { ProjectionRunner } from '../projections/projection-runner.js'
import type { ReadTransaction } from '../subscriptions/postgres/index.js'
import type { Installation } from './installation.js'
import { projectionParts } from './projection-parts.js'
import { TOKENS } from './tokens.js'

/** Aggregates kept in memory between commands. */
const KEPT_AGGREGATES = 10_000

/** Binds the moving parts of an app to what it runs on. Nothing moves before it is asked for and started. */
export function compose(installation: Installation): Container {
  const container = new Container({ defaultScope: 'Singleton' })
  container.bind(TOKENS.installation).toConstantValue(installation)
  container.bind(TOKENS.eventStore).toResolvedValue(eventStore, [TOKENS.installation])
  container
    .bind(TOKENS.repository)
    .toResolvedValue(
      (store: EventStore) => new AggregateRepository(store, KEPT_AGGREGATES),
      [TOKENS.eventStore],
    )
  container.bind(TOKENS.outbox).toResolvedValue(outbox, [TOKENS.installation])
  container.bind(TOKENS.handover).toResolvedValue(handover, [TOKENS.installation, TOKENS.outbox])
  container.bind(TOKENS.relay).toResolvedValue(relay, [TOKENS.installation, TOKENS.outbox, TOKENS.handover])
  container
    .bind(TOKENS.commandBus)
    .toResolvedValue(commandBus, [TOKENS.installation, TOKENS.eventStore, TOKENS.repository, TOKENS.relay])
  container.bind(TOKENS.runners).toResolvedValue(runners, [TOKENS.installation])
  return container
}

/** The channel that tells relays of other processes that something was appended. */
export function outboxChannel({ databases }: Installation): string {
  return `${databases.schemas.store}_outbox`
}

function eventStore({ databases, model }: Installation): EventStore {
  return new PostgresEventStore(databases.store, databases.schemas.store, routingFor(model.name))
}

function outbox({ databases }: Installation): PostgresOutbox {
  return new PostgresOutbox(databases.store, databases.schemas.store)
}

function handover({ databases, log }: Installation, outbox: PostgresOutbox): Handover {
  const { store, schemas } = databases
  if (log instanceof PostgresLog) return new MoveWithinPostgres(store, schemas.store, outbox, log)
  return new PublishThenSettle(new PostgresEventsByPosition(store, schemas.store), log.publisher(), outbox)
}

function relay(
  { databases, settings, logger }: Installation,
  outbox: PostgresOutbox,
  handover: Handover,
): Relay {
  const owner = randomUUID()
  const { lease } = settings
  const leases = new LeaseSet({
    pool: databases.store,
    tables: { schema: databases.schemas.store, leases: 'relay_slots', members: 'relay_members' },
    scope: OUTBOX_SCOPE,
    items: SLOTS,
    member: owner,
    ttl: lease,
  })
  return new Relay({ outbox, handover, leases, owner, lease, logger })
}

function commandBus(
  installation: Installation,
  store: EventStore,
  repository: AggregateRepository,
  relay: Relay,
): CommandBus {
  const channel = outboxChannel(installation)
  return new CommandBus({
    aggregates: installation.model.aggregates,
    store,
    repository,
    now: () => new Date(),
    newId: uuidv7,
    isTransient,
    onAppended: () => {
      relay.wake()
      if (!relay.holdsEverySlot) installation.notifications.notify(channel)
    },
  })
}

function runners(installation: Installation): readonly ProjectionRunner<ReadTransaction>[] {
  return installation.model.projections.map(
    (model) => new ProjectionRunner(projectionParts(installation, model)),
  )
}
