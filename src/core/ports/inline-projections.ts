import type { StoredEvent } from '../envelope.js'

/** An event as it will be stored. */
export type EventToStore = Omit<StoredEvent, 'position'>

/** Projections that are written in the transaction of the append. `Tx` is that transaction. */
export interface InlineProjections<Tx> {
  /** The aggregates whose events one of them reads. */
  readonly streamTypes: ReadonlySet<string>

  /** What they are called. An append to streams that yet another inline projection reads is refused. */
  readonly names: readonly string[]

  /**
   * Applies the events of one append, in version order per stream, in its transaction and before they draw positions: an
   * append that waits for a row of another one is behind that in the order of the store. The transaction must hold the
   * order lock of their stream types from before: a rebuild, which takes it exclusively, is not met otherwise.
   *
   * @throws {@link CommandRejected} when one of their unique constraints refuses the events, {@link InlineProjectionFailed}
   * for what else their handlers throw
   */
  apply(tx: Tx, events: readonly EventToStore[]): Promise<void>
}
