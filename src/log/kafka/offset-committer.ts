import { type Lane, laneName } from '../lane-consumer.js'

/** Milliseconds between two commits. */
const PERIOD = 1_000

export interface Position {
  readonly lane: Lane
  readonly next: bigint
}

/**
 * Tells the group now and then how far its lanes are, off the path of the records: tools that show lag read it there.
 * Nobody begins at these offsets, so a commit that fails is only made up for by the next one.
 */
export class OffsetCommitter {
  readonly #commit: (positions: readonly Position[]) => Promise<void>
  readonly #moved = new Map<string, Position>()
  readonly #timer: NodeJS.Timeout
  #underWay: Promise<void> | undefined

  constructor(commit: (positions: readonly Position[]) => Promise<void>) {
    this.#commit = commit
    this.#timer = setInterval(() => void this.#flush(), PERIOD)
  }

  moved(lane: Lane, next: bigint): void {
    this.#moved.set(laneName(lane), { lane, next })
  }

  /** The lanes are given out anew: what was not committed yet may be another member's to say. */
  forget(): void {
    this.#moved.clear()
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
      const positions = [...this.#moved.values()]
      this.#moved.clear()
      this.#underWay = this.#commit(positions)
        .catch(() => undefined)
        .finally(() => (this.#underWay = undefined))
    }
    return this.#underWay ?? Promise.resolve()
  }
}
