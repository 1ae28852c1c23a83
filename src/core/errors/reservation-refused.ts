import type { ReservationChange } from '../envelope.js'
import type { StreamRef } from '../stream.js'
import { CommandRejected } from './command-rejected.js'

/**
 * A value could not be reserved, because another stream holds it, or not be released, because this stream does not hold
 * it. Message and facts name neither the value nor its holder: both may be personal, and the one who asks may be a
 * stranger to the holder.
 */
export class ReservationRefused extends CommandRejected {
  readonly scope: string
  readonly #holder: StreamRef | undefined

  constructor({ kind, scope }: ReservationChange, holder: StreamRef | undefined) {
    const reason =
      kind === 'reserve'
        ? `the value is taken in the scope ${scope}: choose another one`
        : `the value to be released is not held in the scope ${scope} by this stream`
    super(reason, { scope, change: kind })
    this.scope = scope
    this.#holder = holder
  }

  /** The stream that holds the value. Read on purpose only: it is no property that a logger would find. */
  get holder(): StreamRef | undefined {
    return this.#holder
  }
}
