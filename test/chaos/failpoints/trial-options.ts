import type { StartOptions } from '../../../src/app/settings.js'

/** Where the processes of a trial meet. */
export interface TrialServers {
  readonly databaseUrl: string
  /** Undefined: the log is in Postgres. */
  readonly brokers: string | undefined
}

/** Milliseconds. Shorter ones expire by themselves where many trials share two cores. */
export const LEASE = 1_500

/** Where every trial has its tables, in a database of its own. */
export const SCHEMAS = { store: 'reprise_store', read: 'reprise_read' }

export const trialOptions = ({ databaseUrl, brokers }: TrialServers): StartOptions => ({
  databaseUrl,
  ...(brokers === undefined ? { log: 'postgres' } : { log: 'kafka', kafka: { brokers: brokers.split(',') } }),
  lease: LEASE,
  provision: true,
  poolSize: 4,
  logLevel: 'warn',
})
