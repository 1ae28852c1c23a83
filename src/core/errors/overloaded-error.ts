import { RepriseError } from './reprise-error.js'

/**
 * A command was refused, or given up before it was begun, because too many wait: what they wait for is away or too slow.
 * This call stored nothing; what an earlier one with the same command id did is not known by it. Retriable: try again
 * later, and more slowly.
 */
export class OverloadedError extends RepriseError {
  readonly waiting: number

  /** `waiting` counts the commands that this process has under way. */
  constructor(reason: string, waiting: number) {
    super(
      'REPRISE_OVERLOADED',
      `${reason}, and ${waiting} commands are under way: this call stored nothing, so try again later`,
      { waiting },
      { retriable: true },
    )
    this.waiting = waiting
  }
}
