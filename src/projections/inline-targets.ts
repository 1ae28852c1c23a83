import type { Generation } from './generation.js'

/** A generation that appends write, told from others that had its number. */
export interface InlineTarget extends Generation {
  readonly made: string
}

/** Tells which generations of inline projections an append has to write. */
export interface InlineTargets<Tx> {
  /**
   * The generations of these projections that the transaction of an append has to write, in one order for everybody: the
   * live ones, and beside them those that are level and wait for their swap.
   *
   * @throws {@link BuildRefused} where one was built from another definition, which this build would spoil
   */
  of(tx: Tx, projections: readonly string[]): Promise<readonly InlineTarget[]>
}
