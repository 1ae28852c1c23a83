import type { OpenSession } from '../open-session.js'

/** A transaction that has appended, or is about to, and is not over. */
export interface OpenAppend extends OpenSession {
  /** Tells it from the same session's next one. */
  readonly transaction: string
}

/** Appends that kept the order open when it was asked for: once they are over, it is final up to `upTo`. */
export interface UnsettledOrder {
  readonly upTo: bigint
  readonly appends: readonly OpenAppend[]
}

/** Tells up to where the order of the store is final: positions are drawn before they are committed, and not in turn. */
export interface EventOrder {
  /**
   * A position up to which the events of these stream types are all committed: nothing will ever be added at or before
   * it. Appends wait while it is found out, some milliseconds at the most. When appends of these types do not end within
   * that, as in a caller's open transaction, the answer is who they are: asked again with it, this waits for nobody, and
   * answers a position once these are over. No other transaction matters.
   */
  settledUpTo(streamTypes: readonly string[], unsettled?: UnsettledOrder): Promise<bigint | UnsettledOrder>
}
