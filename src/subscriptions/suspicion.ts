/** As many records as the batch may have had that its process died at. */
const SUSPECTS = 1_000

/**
 * How carefully a lane is gone through of which a record may have ended its process: the first one alone, and then in lots
 * of twice as many each time. A lot that ends the process, too, is begun again by whoever comes next, with its first record
 * alone: so what did it is found after a few more deaths, and what is innocent is soon trusted again.
 */
export class Suspicion {
  #left: number
  #lot = 1

  private constructor(left: number) {
    this.#left = left
  }

  static none(): Suspicion {
    return new Suspicion(0)
  }

  static of(): Suspicion {
    return new Suspicion(SUSPECTS)
  }

  get lasts(): boolean {
    return this.#left > 0
  }

  /** How many records may be tried at once. */
  get lot(): number {
    return Math.min(this.#lot, this.#left)
  }

  /** The transaction that died held no more than so many of the next records. */
  narrow(records: number): void {
    this.#left = Math.min(this.#left, records)
  }

  /** Whether some are left once so many records more are settled. */
  lastsAfter(records: number): boolean {
    return this.#left > records
  }

  /** So many records of a lot were settled, and the process lives. */
  passed(records: number, lot: number): void {
    this.#left = Math.max(0, this.#left - records)
    if (records === lot) this.#lot *= 2
  }
}
