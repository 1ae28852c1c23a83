import { randomBytes } from 'node:crypto'
import { FAILPOINTS, type Failpoint } from '../../../src/core/ports/failpoints.js'
import { type Action, ACTIONS } from './armed.js'

/** A step and what happens there. */
export interface TrialCase {
  readonly point: Failpoint
  readonly action: Action
  readonly count: number
}

/** Steps that come only once in a trial, or long before anything is at work. */
const COUNTS: Partial<Record<Failpoint, number>> = { 'park:in': 1, 'renew:before': 4, 'renew:after': 4 }

/** On the Postgres log, records are placed in the transaction that empties the outbox: there is no step between both. */
export const NOT_ON_POSTGRES: readonly Failpoint[] = ['publish:before', 'publish:after']

/** Every step that a log has, with everything that may happen there. */
export const trialsFor = (log: 'postgres' | 'kafka'): readonly TrialCase[] =>
  FAILPOINTS.filter((point) => log === 'kafka' || !NOT_ON_POSTGRES.includes(point)).flatMap((point) =>
    ACTIONS.map((action) => ({ point, action, count: COUNTS[point] ?? 2 })),
  )

/** A name for schemas, topics and groups that no other trial has. */
export const trialName = (): string => `trial_${randomBytes(5).toString('hex')}`
