import { randomUUID } from 'node:crypto'
import { SLOTS } from '../log/index.js'
import type { Handover } from '../outbox/handover.js'
import type { Outbox } from '../outbox/outbox.js'
import { OUTBOX_SCOPE } from '../outbox/postgres/index.js'
import { Relay, type RelayOptions, type SlotLeases } from '../outbox/relay.js'
import { LeaseSet, type LeaseSetOptions } from '../postgres/lease-set.js'
import type { PartState } from './health/part-state.js'
import type { RelayStates } from './health/part-states.js'
import { isAway } from './health/postgres/is-away.js'
import { watchedHandover, watchedLeases, watchedOutbox } from './health/watched.js'
import type { Installation } from './installation.js'

/** The outbox of one side, and how it is published. */
export interface RelayedOutbox {
  readonly outbox: Outbox
  readonly handover: Handover
  /** Where the leases on its slots are. */
  readonly leases: Pick<LeaseSetOptions, 'pool' | 'tables'>
  /** What is used in the place of the leases. @defaultValue themselves */
  readonly replaceLeases?: (shipped: SlotLeases) => SlotLeases
  readonly states: RelayStates
  /** How the server is that it is on. */
  readonly server: PartState
  readonly what?: RelayOptions['what']
  readonly pace?: Pick<RelayOptions, 'pollInterval' | 'batchSize'>
}

type RelayInstallation = Pick<Installation, 'settings' | 'log' | 'logger' | 'parts' | 'states'>

/** A relay for the outbox of one side, of which health hears. It does nothing before it is started. */
export function relayFor(
  { settings: { lease }, log, logger, parts, states: all }: RelayInstallation,
  { outbox, handover, leases, replaceLeases = (it) => it, states, server: state, what, pace }: RelayedOutbox,
): Relay {
  const owner = randomUUID()
  const shipped = new LeaseSet({ ...leases, scope: OUTBOX_SCOPE, items: SLOTS, member: owner, ttl: lease })
  const server = { state, isAway }
  // A log that is in the store's database is there when that is.
  const logState = log.kind === 'postgres' ? undefined : all.log
  return new Relay({
    outbox: watchedOutbox(outbox, server),
    handover: watchedHandover(handover, states.publishing, logState),
    leases: watchedLeases(replaceLeases(shipped), states.leases, server),
    owner,
    lease,
    logger,
    failpoints: parts.failpoints,
    ...(what === undefined ? {} : { what }),
    ...pace,
  })
}
