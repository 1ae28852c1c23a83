import type { StoredEvent } from '../envelope.js'
import type { StreamRef } from '../stream.js'

/** Reads committed history for the read side: to fill a gap, to rebuild, or to follow the order of the store. */
export interface EventReader {
  /** The events of one stream with versions from `from` up to and including `to`, in order. */
  versions(stream: StreamRef, from: number, to: number): Promise<readonly StoredEvent[]>

  /**
   * Events of the given stream types after a position, and up to `upTo` if that is given, in position order, at most
   * `limit`. Positions have gaps, and a transaction that commits late can fill one behind a reader: per stream nothing is
   * ever missed before a later version, across streams only what was committed when the page was read is in it. Nothing
   * is missed up to a position that {@link EventOrder} knows as settled.
   */
  page(
    streamTypes: readonly string[],
    afterPosition: bigint,
    limit: number,
    upTo?: bigint,
  ): Promise<readonly StoredEvent[]>

  /**
   * How many events of the given stream types are stored, after a position if one is given. Reads an index through: for
   * plans and progress only.
   */
  count(streamTypes: readonly string[], afterPosition?: bigint): Promise<number>

  /** The highest position that is stored; 0 in an empty store. */
  head(): Promise<bigint>

  /**
   * The highest position of the given stream types; 0 when there is none. Reads back to it from the end of the store: for
   * plans and progress only.
   */
  lastPosition(streamTypes: readonly string[]): Promise<bigint>
}
