import { type Lane, laneName } from '../lane-consumer.js'

/** What a member tells the group of itself each time it joins. */
export interface Told {
  readonly owned: readonly string[]
  readonly declined: readonly string[]
}

/**
 * How a member stands in its group, over all the connections it goes through: what it has, and what it leaves to the
 * others. All times are of this process.
 */
export class Standing {
  readonly #lease: number
  readonly #declined = new Map<string, number>()
  #owned: readonly string[] = []
  #told: Told = { owned: [], declined: [] }
  #heard = -Infinity
  /** Whether this member gave out the lanes the last time, and to nobody but itself. */
  alone = false

  /** `lease`: milliseconds after which a member that says nothing has nothing any more. */
  constructor(lease: number) {
    this.#lease = lease
  }

  /** The group knows this member now. */
  heard(): void {
    this.#heard = performance.now()
  }

  given(lanes: readonly Lane[]): void {
    this.#owned = lanes.map(laneName)
    this.heard()
  }

  /** Leaves a lane to the others for so many milliseconds. */
  decline(lane: Lane, milliseconds: number): void {
    this.#declined.set(laneName(lane), performance.now() + milliseconds)
    this.#owned = this.#owned.filter((name) => name !== laneName(lane))
  }

  /** For how many milliseconds more a lane is left to the others. */
  declinedFor(lane: Lane): number {
    return Math.max(0, (this.#declined.get(laneName(lane)) ?? 0) - performance.now())
  }

  /** Whether the group was told of this the last time, so that telling it again would change nothing. */
  hasToldOf(lane: Lane): boolean {
    return this.#told.declined.includes(laneName(lane))
  }

  /** What the group is told now. Lanes that were silent for a lease may have been given to others: they are not claimed. */
  tell(): Told {
    const now = performance.now()
    for (const [name, until] of this.#declined) if (until <= now) this.#declined.delete(name)
    const owned = now - this.#heard < this.#lease ? this.#owned : []
    this.#told = { owned, declined: [...this.#declined.keys()] }
    return this.#told
  }
}
