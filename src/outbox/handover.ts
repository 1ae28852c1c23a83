import type { Fence, OutboxRow, Settlement } from './outbox.js'

/** Takes claimed rows from the outbox into a log. */
export interface Handover {
  /**
   * `settled`: the rows' events are in their topics, in the order of the rows, and the rows are gone. `fenced` and
   * `stale`: no row was deleted. When it rejects, the rows may be gone with their events in the log, be about to, or still
   * be there. Whether their events are in the log already is open unless they are settled. After anything but `settled`,
   * claim again: rows that were claimed before may have been published since.
   */
  handOver(rows: readonly OutboxRow[], fence: Fence): Promise<Settlement>

  /** Lets go of what publishing holds, once nothing is under way. */
  close(): Promise<void>
}
