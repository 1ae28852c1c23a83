import { ParkingCeilingReached } from '../core/errors/index.js'
import type { Subscriber } from './subscriber.js'

/** Whose keys they are. */
type CeilingOf = Pick<Subscriber<never>, 'name' | 'kind'>

/** Of so many keys, those that were met last. */
const WINDOW = 1_000
/** How large a part of them may be parked, and how many may be in any case. */
const SHARE = 0.05
const LEAST = 20

/**
 * Of the keys that were met last, how many were parked because their events failed: a fault of a few events is theirs, a
 * fault of many is rather this build's.
 */
export class ParkingCeiling {
  /** Whether each was parked; those met last are at the end. */
  readonly #keys = new Map<string, boolean>()
  #parked = 0

  /** Events of these keys were met. */
  meet(keys: Iterable<string>): void {
    for (const key of keys) this.#note(key, this.#keys.get(key) ?? false)
  }

  /** These keys were parked because an event of theirs failed. */
  park(keys: Iterable<string>): void {
    for (const key of keys) this.#note(key, true)
  }

  /** The keys that count as parked. */
  get parked(): readonly string[] {
    return [...this.#keys].flatMap(([key, parked]) => (parked ? [key] : []))
  }

  /** No event of these keys is parked any more: their letters were applied, or discarded. */
  solve(keys: Iterable<string>): void {
    for (const key of keys) {
      if (this.#keys.get(key) !== true) continue
      this.#keys.set(key, false)
      this.#parked--
    }
  }

  /** What stands against parking this key as well; undefined if nothing does. */
  refusal({ name, kind }: CeilingOf, key: string): ParkingCeilingReached | undefined {
    if (this.#keys.get(key) === true) return undefined
    const met = Math.min(this.#keys.has(key) ? this.#keys.size : this.#keys.size + 1, WINDOW)
    const ceiling = Math.max(LEAST, Math.floor(met * SHARE))
    return this.#parked < ceiling
      ? undefined
      : new ParkingCeilingReached(name, this.#parked, met, ceiling, kind)
  }

  #note(key: string, parked: boolean): void {
    if (this.#keys.get(key) === true) this.#parked--
    this.#keys.delete(key)
    this.#keys.set(key, parked)
    if (parked) this.#parked++
    if (this.#keys.size > WINDOW) this.#forgetOldest()
  }

  #forgetOldest(): void {
    for (const [key, parked] of this.#keys) {
      this.#keys.delete(key)
      if (parked) this.#parked--
      return
    }
  }
}
