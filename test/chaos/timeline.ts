import { appendFileSync } from 'node:fs'
import type { TimelineFact } from './facts.js'

type WithoutTime<T> = T extends unknown ? Omit<T, 'at'> : never
export type TimelineEntry = WithoutTime<TimelineFact>

/** What happened in a run and when, line by line in a file. */
export class Timeline {
  readonly #path: string
  #faults = 0

  constructor(path: string) {
    this.#path = path
    appendFileSync(path, '')
  }

  write(entry: TimelineEntry): number {
    const at = Date.now()
    appendFileSync(this.#path, `${JSON.stringify({ at, ...entry })}\n`)
    return at
  }

  /** A number for a fault that begins. */
  nextFault(): number {
    return ++this.#faults
  }
}
