import { counted } from '../core/counted.js'
import { EVENT_MISSING, type TopicsUnavailable } from '../log/index.js'
import type { Fence, OutboxRow, RowToPark, Settlement } from './outbox.js'

/**
 * The log refuses rows for themselves, and none was settled. Those in `published` are in their topics, as they are to be;
 * the rest is to be tried again, without the refused ones and what is behind them.
 */
export class RowsRefused extends Error {
  readonly refused: readonly (RowToPark & { readonly reason: string })[]
  readonly published: readonly OutboxRow[]

  constructor(refused: RowsRefused['refused'], published: readonly OutboxRow[]) {
    super(
      `the log refuses ${counted(refused.length, 'row')} of the outbox for ${refused.length === 1 ? 'itself' : 'themselves'}`,
    )
    this.refused = refused
    this.published = published
  }

  /** Of rows that point at events which the store does not have. */
  static forMissingEvents(rows: readonly OutboxRow[]): RowsRefused {
    return new RowsRefused(
      rows.map((row) => ({ row, reason: EVENT_MISSING })),
      [],
    )
  }
}

/**
 * Topics that take nothing now, whatever the row. Those rows in `published` are in their topics and were not settled; the
 * others are still in the outbox, and may be handed over without the rows of these topics.
 */
export class RowsHeldUp extends Error {
  /** Why, by topic. */
  readonly failures: TopicsUnavailable['failures']
  readonly published: readonly OutboxRow[]

  constructor(cause: TopicsUnavailable, published: readonly OutboxRow[]) {
    super(cause.message, { cause })
    this.failures = cause.failures
    this.published = published
  }
}

/** Takes claimed rows from the outbox into a log. */
export interface Handover {
  /**
   * `settled`: the rows' events are in their topics, in the order of the rows, and the rows are gone. `fenced` and
   * `stale`: no row was deleted. When it rejects, the rows may be gone with their events in the log, be about to, or still
   * be there. Whether their events are in the log already is open unless they are settled. After anything but `settled`,
   * claim again: rows that were claimed before may have been published since.
   *
   * @throws {@link RowsRefused}, {@link RowsHeldUp}, and whatever the log and the database throw
   */
  handOver(rows: readonly OutboxRow[], fence: Fence): Promise<Settlement>

  /** Lets go of what publishing holds, once nothing is under way. */
  close(): Promise<void>
}
