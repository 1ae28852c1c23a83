import { count } from './figures.js'

/** Runs from its making on. */
export class Stopwatch {
  readonly #startedAt = performance.now()

  get seconds(): number {
    return (performance.now() - this.#startedAt) / 1_000
  }

  /** '1.5 s' */
  read(): string {
    return `${this.seconds.toFixed(1)} s`
  }

  /** How many things a second that makes. */
  rate(things: number): string {
    return `${count(Math.round(things / this.seconds))}/s`
  }
}
