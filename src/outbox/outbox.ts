/** The outbox has this many slots; a key always falls into the same one, and a slot has one publishing owner at a time. */
export const SLOTS = 64

/** One committed event that still has to reach its topic. */
export interface OutboxRow {
  /** Drawn in version order per stream: ascending ids are the order of publishing. */
  readonly id: bigint
  readonly slot: number
  readonly topic: string
  readonly key: string
  readonly position: bigint
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
  /** The oldest rows of these slots, in id order. */
  claim(slots: readonly number[], limit: number): Promise<readonly OutboxRow[]>

  /** Deletes the rows, all or none. */
  settle(rows: readonly OutboxRow[], fence: Fence): Promise<Settlement>
}
