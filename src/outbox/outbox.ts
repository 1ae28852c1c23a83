import type { RecordContent } from '../log/index.js'

/** Something committed that still has to reach its topic. */
export type OutboxRow = EventRow | ContentRow

/** What all of them have. */
export interface WorkItem {
  /** Drawn in version order per stream: ascending ids are the order of publishing. */
  readonly id: bigint
  readonly slot: number
  readonly topic: string
  readonly key: string
  /** Whether an earlier row of its topic and key is parked, behind which it has to wait. */
  readonly waits: boolean
}

/** Stands for an event of the store. */
export interface EventRow extends WorkItem {
  readonly position: bigint
}

/** Carries what is to be published. */
export interface ContentRow extends WorkItem, RecordContent {}

/** A row that is to be parked: why the log refuses it, or nothing where it only waits behind such a one. */
export interface RowToPark {
  readonly row: OutboxRow
  readonly reason?: string
}

/** Proof of owning slots: writes that carry it are refused once a slot has gone to somebody else. */
export interface Fence {
  readonly owner: string
  /** Slot → the epoch under which it is held. */
  readonly epochs: ReadonlyMap<number, bigint>
}

/**
 * What became of rows that were to be settled. `fenced`: a slot was lost to another relay. `stale`: some of the rows were
 * gone already, settled by a transaction whose answer had been lost and that committed late. In both cases nothing was
 * done, and the rows that are left have to be claimed again, under a renewed fence or under the same.
 */
export type Settlement = 'settled' | 'fenced' | 'stale'

/** The work list of a side, as the relay sees it. */
export interface Outbox {
  /**
   * The oldest rows of these slots, in id order, but for those of the topics in `heldUp`. Those that wait behind a parked row
   * say so.
   */
  claim(slots: readonly number[], limit: number, heldUp?: readonly string[]): Promise<readonly OutboxRow[]>

  /** Deletes the rows, all or none. */
  settle(rows: readonly OutboxRow[], fence: Fence): Promise<Settlement>

  /**
   * Takes rows out of the way of others, until an operator sends them back: refused ones with all rows behind them of
   * their topics and keys; those that wait only while the row before them is parked still. They keep their ids, and so
   * their order. `stale` is no outcome of it.
   */
  park(rows: readonly RowToPark[], fence: Fence): Promise<Settlement>
}
