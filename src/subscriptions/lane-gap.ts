import { BackOff } from '../core/back-off.js'
import type { Logger } from '../core/ports/logger.js'
import type { LogRecord } from '../log/index.js'
import { type AlarmPauses, GapAlarm } from './gap-alarm.js'
import type { MissingVersions } from './missing-versions.js'
import type { Subscriber } from './subscriber.js'

/** Milliseconds between looks whether another lane, or the rest of the topic, has brought what is missing. */
const FIRST_PAUSE = 100
const LONGEST_PAUSE = 2_000

/** The wait of one lane at a record before which versions are missing, with its alarm. */
export class LaneGap {
  readonly missing: MissingVersions
  readonly reason: string
  readonly since = new Date()
  readonly #alarm: GapAlarm
  readonly #logger: Logger
  readonly #facts: object
  readonly #pauses = new BackOff(FIRST_PAUSE, LONGEST_PAUSE)

  constructor(
    missing: MissingVersions,
    { topic, partition, offset }: LogRecord,
    { name, generation, kind }: Pick<Subscriber<never>, 'name' | 'generation' | 'kind'>,
    logger: Logger,
    pauses?: AlarmPauses,
  ) {
    const { stream, expected, found } = missing
    const place = { topic, partition, offset: offset.toString() }
    this.missing = missing
    this.reason = `expected version ${expected} of ${stream}, found version ${found} at offset ${place.offset}`
    this.#logger = logger
    this.#facts = { subscriber: name, generation, ...place, stream, expected, found, since: this.since }
    this.#alarm = new GapAlarm(logger, this.#facts, kind, pauses)
  }

  /** Milliseconds to pause before the next look. */
  pause(): number {
    return this.#pauses.next()
  }

  /** What was missing has been applied. */
  close(): void {
    this.#alarm.stop()
    this.#logger.info(this.#facts, 'the missing versions have come: the lane goes on')
  }

  /** The lane is not this process's any more. */
  leave(): void {
    this.#alarm.stop()
  }
}
