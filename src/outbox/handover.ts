import type { Fence, OutboxRow } from './outbox.js'

/** Takes claimed rows from the outbox into a log. */
export interface Handover {
  /**
   * Afterwards the rows' events are in their topics, in the order of the rows, and the rows are gone. `fenced`: a slot
   * was lost to another relay, and the rows are still there. When it rejects the rows are still there too, and any of
   * their events may already be in the log: hand the same rows over again.
   */
  handOver(rows: readonly OutboxRow[], fence: Fence): Promise<'settled' | 'fenced'>

  /** Lets go of what publishing holds, once nothing is under way. */
  close(): Promise<void>
}
