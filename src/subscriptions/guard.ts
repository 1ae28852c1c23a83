import type { StreamRef } from '../core/stream.js'
import { streamName } from '../core/stream.js'

/** Any event that knows its place in its stream. */
export interface Versioned {
  readonly stream: StreamRef
  readonly version: number
}

/** Fetches versions of a stream that a topic did not deliver, from..to, in order. */
export type FetchMissing<E> = (stream: StreamRef, from: number, to: number) => Promise<readonly E[]>

/**
 * Puts delivered events into dense sequence per stream, the guard against redelivery and loss: a version that was
 * applied is left out, the next one is taken, and before one that lies beyond, the missing versions are fetched.
 * `versions` holds the last applied version per stream name and is moved on to what the answer contains.
 *
 * @throws {@link VersionsMissing} when the missing versions are not to be had
 */
export async function inSequence<E extends Versioned>(
  delivered: readonly E[],
  versions: Map<string, number>,
  fetchMissing: FetchMissing<E>,
): Promise<readonly E[]> {
  const sequence: E[] = []
  for (const event of delivered) {
    const stream = streamName(event.stream)
    const applied = versions.get(stream) ?? 0
    if (event.version <= applied) continue
    if (event.version > applied + 1) {
      const missing = await fetchMissing(event.stream, applied + 1, event.version - 1)
      if (missing.length !== event.version - 1 - applied) throw new VersionsMissing(event, applied)
      sequence.push(...missing)
    }
    sequence.push(event)
    versions.set(stream, event.version)
  }
  return sequence
}

/** The topic skipped versions of a stream, and they are not to be had elsewhere either. */
export class VersionsMissing extends Error {
  override readonly name = 'VersionsMissing'
  readonly event: Versioned
  /** The last version before the gap. */
  readonly applied: number

  constructor(event: Versioned, applied: number) {
    super(
      `version ${event.version} of ${streamName(event.stream)} arrived after version ${applied}, ` +
        `and the versions between are in neither the topic nor the store`,
    )
    this.event = event
    this.applied = applied
  }
}
