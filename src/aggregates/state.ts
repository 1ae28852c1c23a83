import type { Fields, Values } from '../core/fields/index.js'

/** The state that an aggregate declares. */
export interface StateOptions<F extends Fields> {
  /**
   * Raised when the fields change, or when an applier is corrected: snapshots of another version are not used any more.
   * Counts from 1.
   */
  readonly version: number
  readonly fields: F
}

/** What a class with declared state has: methods that give the whole of it out, and take it in. */
export interface StateHolder<F extends Fields> {
  /** The state after the last event. */
  state(): Values<F>
  /** Called once, on an aggregate without history: leaves it as the events did after which {@link state} gave this. */
  // A function and no method, whose parameter would be allowed to ask for more.
  readonly restore: (state: Values<F>) => void
}

/** The declared state of an aggregate: what its `state()` returns. What may be undefined there may be absent. */
export type StateOf<A extends { state(): unknown }> = WithOptional<ReturnType<A['state']>>

type WithOptional<S> = {
  readonly [K in keyof S as undefined extends S[K] ? never : K]: S[K]
} & { readonly [K in keyof S as undefined extends S[K] ? K : never]?: S[K] | undefined }
