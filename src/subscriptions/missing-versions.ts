import { streamName } from '../core/stream.js'
import { type LogRecord, nextAfter } from '../log/index.js'
import type { VersionsMissing } from './guard.js'
import type { TopicEvent } from './topic-rules.js'

/** More missing versions than that are not collected: they would be kept in memory. */
const MOST_COLLECTED = 10_000

/**
 * The versions of a stream that a lane waits for, and those of them that lie further on in the lane: there a producer puts
 * what it publishes again.
 */
export class MissingVersions {
  readonly stream: string
  /** The version that the lane waits at. */
  readonly found: number
  readonly #storeId: string | undefined
  readonly #collected = new Map<number, TopicEvent>()
  #applied: number
  #next: bigint

  /** `at` is the offset of the record that the lane waits at, `storeId` the store that wrote it. */
  constructor({ event, applied }: VersionsMissing, at: bigint, storeId: string | undefined) {
    this.stream = streamName(event.stream)
    this.found = event.version
    this.#storeId = storeId
    this.#applied = applied
    this.#next = at + 1n
  }

  /** The first version that is missing. */
  get expected(): number {
    return this.#applied + 1
  }

  /** The offset that nothing was looked at from. */
  get next(): bigint {
    return this.#next
  }

  /** Whether all that is missing has been seen further on. */
  get complete(): boolean {
    return this.#collected.size === this.found - this.expected
  }

  /** Whether the lane still waits for the same: another lane may have applied a part of it. */
  isStill({ event, applied }: VersionsMissing): boolean {
    const same = streamName(event.stream) === this.stream && event.version === this.found
    if (same) this.#narrow(applied)
    return same
  }

  /** Looks at a record, which held this event, or none that can be read. */
  look(record: Pick<LogRecord, 'offset' | 'next'>, event: TopicEvent | undefined): void {
    if (record.offset < this.#next) return
    this.#next = nextAfter(record)
    if (event === undefined || event.storeId !== this.#storeId) return
    if (streamName(event.stream) !== this.stream) return
    if (event.version < this.expected || event.version >= this.found) return
    if (this.#collected.size < MOST_COLLECTED) this.#collected.set(event.version, event)
  }

  /** The versions in order, or nothing where one of them was not seen. */
  versions(stream: string, from: number, to: number): readonly TopicEvent[] {
    if (stream !== this.stream) return []
    const events: TopicEvent[] = []
    for (let version = from; version <= to; version++) {
      const event = this.#collected.get(version)
      if (event === undefined) return []
      events.push(event)
    }
    return events
  }

  #narrow(applied: number): void {
    this.#applied = applied
    for (const version of this.#collected.keys()) if (version <= applied) this.#collected.delete(version)
  }
}
