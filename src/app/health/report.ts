import type { LastError } from './part-state.js'

export type { LastError } from './part-state.js'

/**
 * How a process is as a whole.
 *
 * - `ok`: this process can do all that it is there for, and is not late with any of it
 * - `degraded`: it does its work, and something about it has to be looked at: see the components
 * - `down`: it cannot do what it is there for, so nobody should be sent to it
 */
export type HealthStatus = 'ok' | 'degraded' | 'down'

/**
 * How one component is.
 *
 * - `ok`
 * - `behind`: it gets on, but is later than it may be
 * - `stalled`: there is work, and none of it was done for too long
 * - `retrying`: a part of it failed, and is tried again: as long as it takes where that passes by itself, or as often as is
 *   counted before an event is parked
 * - `waiting`: a part of it waits for something that is named
 * - `parked`: it goes on, and holds back keys whose events could not be applied
 * - `stopped`: it ended by an error, and needs somebody
 * - `overloaded`: it takes no more now
 * - `down`: it gives no answer
 * - `unknown`: what would tell gives no answer
 */
export type ComponentState =
  | 'ok'
  | 'behind'
  | 'stalled'
  | 'retrying'
  | 'waiting'
  | 'parked'
  | 'stopped'
  | 'overloaded'
  | 'down'
  | 'unknown'

/** What is true of every component. */
export interface ComponentFacts {
  readonly name: string
  readonly state: ComponentState
  /**
   * Since when it is in this state, as far as this process knows: ISO 8601. The start, for what was well ever since; when its
   * own work found a server away or there again, though nobody asked (brokers: by publishing); what the database says of
   * dead letters, of counted tries and of lanes that wait; and of all else the first look that found it so.
   */
  readonly since: string
  /** What went wrong last, also when it is well again. */
  readonly lastError: LastError | null
}

/** A server that the process works with. */
export interface ServerHealth extends ComponentFacts {
  readonly kind: 'store' | 'read' | 'log'
  /** Of a database: connections of this process. Work waits where none is free. */
  readonly connections: { readonly open: number; readonly idle: number; readonly waiting: number } | null
}

/** What commands a process has under way. Beyond its limit they are refused. */
export interface CommandsHealth extends ComponentFacts {
  readonly kind: 'commands'
  readonly underWay: number
  /** As many are taken at the most. */
  readonly limit: number
}

/** What waits to be published, and who publishes it, in whichever process. Figures are null where they cannot be had. */
export interface OutboxFacts extends ComponentFacts {
  readonly unpublished: number | null
  /** Whether `unpublished` is all: counting ends at 100,000. */
  readonly exact: boolean
  readonly oldestAgeMs: number | null
  /** Rows that the log refused for themselves, and what waits behind them. */
  readonly refused: number | null
  /** Of all slots, those that a living relay holds. */
  readonly slots: { readonly held: number; readonly relays: number } | null
}

/** What is committed in the store and not yet published. */
export interface OutboxHealth extends OutboxFacts {
  readonly kind: 'outbox'
}

/**
 * Dead letters on their way to the topics `<topic>.DLT`. They are on the read side in any case: what is not published yet is
 * missing to nobody but those who read these topics.
 */
export interface LettersHealth extends OutboxFacts {
  readonly kind: 'letters'
}

/** Part of a projection's work: a partition of a topic, or all of the store. */
export interface LaneHealth {
  readonly topic: string
  readonly partition: number
  readonly lag: number
}

/** Work that was not seen to get on. */
export interface Stall extends LaneHealth {
  readonly since: string
}

/** A lane that waits, and what for. */
export interface Wait {
  readonly topic: string
  readonly partition: number
  readonly reason: string
  readonly since: string
}

/** A transaction of somebody's that keeps the order of the store open. */
export interface OpenTransaction {
  readonly pid: number
  readonly application: string
  readonly user: string
  readonly ageMs: number | null
}

/** What takes events from a log, by whichever process it is fed. Figures are null where they cannot be had. */
export interface FedFacts extends ComponentFacts {
  /** Whether this process is there to feed it, and does not leave it to others. */
  readonly fedHere: boolean
  /** Why this process leaves it to others for now: its build may not feed what is live. */
  readonly aside: string | null
  readonly generation: number | null
  /** Records of its topics, or events of the store, that it has not applied. */
  readonly lag: number | null
  readonly stalls: readonly Stall[]
  readonly waits: readonly Wait[]
  /** Dead letters, with what waits behind them. */
  readonly parked: number | null
  /** Of an ordered one: who keeps it from going on. */
  readonly heldBy: readonly OpenTransaction[]
  /** What stopped it. */
  readonly failure: string | null
}

/** How a projection comes along; and the dead letters that wait in it. */
export interface ProjectionHealth extends FedFacts {
  readonly kind: 'projection'
}

/** How a class of effects comes along, with the same facts as a projection has. */
export interface EffectsHealth extends FedFacts {
  readonly kind: 'effect'
}

/** A component of a report; its `kind` tells what is known of it. */
export type ComponentHealth =
  ServerHealth | CommandsHealth | OutboxHealth | LettersHealth | ProjectionHealth | EffectsHealth

/** How a process and what it works with are. Plain JSON. */
export interface HealthReport {
  readonly status: HealthStatus
  /** Whether it can be sent work: it runs, and is not down. */
  readonly ready: boolean
  readonly phase: 'starting' | 'running' | 'stopping' | 'stopped'
  /** When this was found: ISO 8601. */
  readonly at: string
  /** Committed and not published, published and not applied, and both together. Null where it cannot be had. */
  readonly lag: {
    readonly unpublished: number | null
    readonly unapplied: number | null
    readonly total: number | null
    /** Dead letters that are not published yet. They are no part of the total: nothing waits for them. */
    readonly letters: number | null
  }
  readonly components: readonly ComponentHealth[]
}
