import { EFFECT_PAUSES, LONGEST_EFFECT } from '../../processes/effects-model.js'
import type { LaneLook } from './postgres/read-look.js'

/** Milliseconds from one counted try to the next. Those of effects are the furthest apart. */
const LONGEST_BETWEEN = EFFECT_PAUSES.longest + LONGEST_EFFECT

interface Seen {
  readonly next: bigint
  readonly triedSince: number | undefined
  readonly attempts: number
  /** The first look that found as many tries. */
  readonly at: number
}

/**
 * Tells a lane whose next record is tried again by count, by whichever process and with pauses between the tries, from one
 * that stands still though tries were counted: since their process ended, or since they fail at what does not count. A count
 * that was taken back and made again is not one more.
 */
export class TriesWatch {
  readonly #patience: number
  readonly #seen = new Map<string, Seen>()

  /** Milliseconds without progress after which work is stalled. */
  constructor(stallAfter: number) {
    this.#patience = LONGEST_BETWEEN + stallAfter
  }

  /** `now` in milliseconds, of a clock that is never set. */
  isTriedAgain(
    name: string,
    { next, attempts, triedSince }: Pick<LaneLook, 'next' | 'attempts' | 'triedSince'>,
    now: number,
  ): boolean {
    if (attempts === 0) return false
    const found: Seen = { next, triedSince: triedSince?.getTime(), attempts, at: now }
    const seen = this.#seen.get(name)
    const isMore = seen?.next !== next || seen.triedSince !== found.triedSince || seen.attempts < attempts
    if (isMore) this.#seen.set(name, found)
    return isMore || now - seen.at < this.#patience
  }
}
