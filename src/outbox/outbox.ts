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

/** The work list of a side, as the relay sees it. */
export interface Outbox {
  /** The oldest rows of these slots, in id order. */
  claim(slots: readonly number[], limit: number): Promise<readonly OutboxRow[]>

  /** Deletes the rows, all or none: `fenced` when any of their slots is no longer held under this fence. */
  settle(rows: readonly OutboxRow[], fence: Fence): Promise<'settled' | 'fenced'>
}
