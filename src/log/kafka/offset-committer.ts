import { type Lane, laneName } from '../lane-consumer.js'

/** Milliseconds between two commits. */
const PERIOD = 1_000

export interface Position {
  readonly lane: Lane
  readonly next: bigint
}

export interface OffsetCommitterOptions {
  readonly commit: (positions: readonly Position[]) => Promise<void>
  /** Told where lanes began, before that is committed for the first time. */
  readonly onBegun: (positions: readonly Position[]) => Promise<void>
}

/**
 * Tells the group now and then how far its lanes are, off the path of the records: tools that show lag read it there.
 * Nobody begins at these offsets, so a commit that fails is only made up for by the next one, and offsets that were lost
 * are written again when a lane begins.
 */
export class OffsetCommitter {
  readonly #options: OffsetCommitterOptions
  readonly #moved = new Map<string, Position>()
  readonly #begun = new Map<string, Position>()
  /** Lanes of this distribution of which the group heard. */
  readonly #known = new Set<string>()
  readonly #timer: NodeJS.Timeout
  #underWay: Promise<void> | undefined

  constructor(options: OffsetCommitterOptions) {
    this.#options = options
    this.#timer = setInterval(() => void this.#flush(), PERIOD)
  }

  moved(lane: Lane, next: bigint): void {
    const name = laneName(lane)
    this.#moved.set(name, { lane, next })
    if (this.#known.has(name)) return
    this.#known.add(name)
    this.#begun.set(name, { lane, next })
  }

  /** The lanes are given out anew: what was not committed yet may be another member's to say. */
  forget(): void {
    this.#moved.clear()
    this.#begun.clear()
    this.#known.clear()
  }

  /** Commits everything up to now. */
  async flush(): Promise<void> {
    await this.#underWay
    await this.#flush()
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  #flush(): Promise<void> {
    if (this.#underWay === undefined && this.#moved.size > 0) {
      this.#underWay = this.#commit()
        .catch(() => undefined)
        .finally(() => (this.#underWay = undefined))
    }
    return this.#underWay ?? Promise.resolve()
  }

  async #commit(): Promise<void> {
    const positions = [...this.#moved.values()]
    const begun = [...this.#begun.values()]
    this.#moved.clear()
    this.#begun.clear()
    if (begun.length > 0) await this.#options.onBegun(begun).catch(() => undefined)
    await this.#options.commit(positions)
  }
}
