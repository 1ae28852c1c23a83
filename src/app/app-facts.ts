import type { Role } from './roles.js'

/** What this process has done since it was started. */
export interface Counters {
  /** Events stored by commands. */
  readonly appended: number
  /** Commands that were accepted before, by this process or another, and were answered with their first receipt. */
  readonly alreadyKnown: number
  /** Events handed over to the log. */
  readonly published: number
  /** Events applied, by projection; and acted on, by class of effects. */
  readonly applied: Readonly<Record<string, number>>
}

/** What an app runs on, in words that may be shown. */
export interface Surroundings {
  readonly database: string
  /** The read side's; the same where it has none of its own. */
  readonly readDatabase: string
  /** `postgres`, or `kafka:<cluster id>`. */
  readonly log: string
  /** Where the embedded server keeps its data, if it is used. */
  readonly dataFolder: string | undefined
  /** What this process does for the app. */
  readonly roles: readonly Role[]
  /** Where `/livez` and `/readyz` are, if a port was given for them. */
  readonly health: string | undefined
}
