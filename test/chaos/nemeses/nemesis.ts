import type { Chance } from '../chance.js'
import type { Installed } from '../installed.js'
import type { KafkaServer } from '../servers/kafka-server.js'
import type { PostgresServer } from '../servers/postgres-server.js'
import type { Supervisor } from '../supervisor.js'
import type { Timeline } from '../timeline.js'

/** What a nemesis may lay its hands on. */
export interface Surroundings {
  readonly supervisor: Supervisor
  readonly postgres: PostgresServer
  /** Undefined where the log is in Postgres. */
  readonly kafka: KafkaServer | undefined
  readonly installed: Installed
  readonly timeline: Timeline
  /** Milliseconds. */
  readonly lease: number
  readonly storeDatabase: string
  /** The id that the store's records carry. */
  readonly storeId: string
}

/** A fault that is at work. */
export interface Strike {
  readonly target: string
  readonly detail?: Readonly<Record<string, unknown>>
  /** Milliseconds that it lasts; 0 for what is over as soon as it has happened. */
  readonly lasts: number
  heal(): Promise<void> | void
}

/** A way of doing harm. Everything it decides comes from the chance that it is given. */
export interface Nemesis {
  readonly name: string
  /** Undefined: there was nothing to hit. */
  strike(surroundings: Surroundings, chance: Chance): Promise<Strike | undefined> | Strike | undefined
}

/** For a fault that leaves nothing behind which would have to be mended. */
export const nothingToHeal = (): void => undefined
