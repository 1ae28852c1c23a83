import type { EventAddress } from '../core/errors/index.js'
import { type Lane, laneName } from '../log/index.js'

/** Nothing of the subscription may go on, at this event if it is one. */
export class Halt extends Error {
  readonly address: EventAddress | undefined

  constructor(cause: unknown, address?: EventAddress) {
    super(cause instanceof Error ? cause.message : String(cause), { cause })
    this.address = address
  }
}

/** Another owner has the lane now, or it was never taken: take it again. */
export class LaneGivenUp extends Error {
  constructor(subscriber: string, lane: Lane) {
    super(`${subscriber} does not hold lane ${laneName(lane)} any more`)
  }
}
