import type { ServiceIdentifier } from 'inversify'
import type { AggregateRepository } from '../aggregates/aggregate-repository.js'
import type { CommandBus } from '../aggregates/command-bus.js'
import type { EventStore } from '../core/ports/event-store.js'
import type { Handover } from '../outbox/handover.js'
import type { PostgresOutbox } from '../outbox/postgres/outbox.js'
import type { Relay } from '../outbox/relay.js'
import type { InlineAtWork } from './inline-at-work.js'
import type { Installation } from './installation.js'
import type { StoredHistory } from './stored-history.js'

const token = <T>(name: string): ServiceIdentifier<T> => Symbol.for(`reprise/${name}`)

/** What the container of an app binds, as far as the process has the role for it. Explicit tokens: nothing is inferred from constructor types. */
export const TOKENS = {
  installation: token<Installation>('installation'),
  inline: token<InlineAtWork>('inline-projections'),
  eventStore: token<EventStore>('event-store'),
  repository: token<AggregateRepository>('aggregate-repository'),
  storedHistory: token<StoredHistory>('stored-history'),
  commandBus: token<CommandBus>('command-bus'),
  outbox: token<PostgresOutbox>('outbox'),
  handover: token<Handover>('handover'),
  relay: token<Relay>('relay'),
} as const
