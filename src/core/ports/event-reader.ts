import type { StoredEvent } from '../envelope.js'
import type { StreamRef } from '../stream.js'

/** Reads committed history for the read side: to fill a gap, or to rebuild without a complete topic. */
export interface EventReader {
  /** The events of one stream with versions from `from` up to and including `to`, in order. */
  versions(stream: StreamRef, from: number, to: number): Promise<readonly StoredEvent[]>

  /**
   * Events of the given stream types after a position, in position order, at most `limit`. Positions have gaps, and a
   * transaction that commits late can fill one behind a reader: per stream nothing is ever missed before a later
   * version, across streams only what was committed when the page was read is in it.
   */
  page(streamTypes: readonly string[], afterPosition: bigint, limit: number): Promise<readonly StoredEvent[]>

  /** How many events of the given stream types are stored. Reads an index through: for plans and progress only. */
  count(streamTypes: readonly string[]): Promise<number>
}
