import { BackOff } from '../core/back-off.js'
import type { Logger } from '../core/ports/logger.js'
import type { Subscriber } from './subscriber.js'

/** Milliseconds until a wait that goes on is told again, for the first time and at the longest. */
export interface AlarmPauses {
  readonly first: number
  readonly longest: number
}

const DEFAULT_PAUSES: AlarmPauses = { first: 60_000, longest: 3_600_000 }

/** Tells in the log that a lane waits: at once, and again after growing pauses for as long as it does. */
export class GapAlarm {
  readonly #logger: Logger
  readonly #facts: object
  readonly #kind: Subscriber<never>['kind']
  readonly #pauses: BackOff
  #timer: NodeJS.Timeout | undefined

  constructor(
    logger: Logger,
    facts: object,
    kind: Subscriber<never>['kind'],
    { first, longest }: AlarmPauses = DEFAULT_PAUSES,
  ) {
    this.#logger = logger
    this.#facts = facts
    this.#kind = kind
    // Told as often as was said: nobody else is kept waiting.
    this.#pauses = new BackOff(first, longest, () => 1)
    this.#tell()
  }

  stop(): void {
    clearTimeout(this.#timer)
  }

  #tell(): void {
    this.#logger.error(
      this.#facts,
      'versions of a stream are missing from its topic: the lane waits for them, other lanes go on. Have the producer ' +
        `publish them again; if it makes the topic anew, ${this.#kind === 'effect' ? 'give the effects a new name' : 'rebuild the projection afterwards'}`,
    )
    this.#timer = setTimeout(() => this.#tell(), this.#pauses.next())
    this.#timer.unref()
  }
}
