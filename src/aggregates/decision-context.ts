import type { Context } from './context.js'

/**
 * The context of one command, for as often as it is decided. Ids are drawn once: each decision is given the same ones
 * in the same order.
 */
export class DecisionContext {
  readonly #now: Date
  readonly #actor: string | undefined
  readonly #draw: () => string
  readonly #ids: string[] = []

  constructor(now: Date, actor: string | undefined, draw: () => string) {
    this.#now = now
    this.#actor = actor
    this.#draw = draw
  }

  /** The context for one more decision. `prepared` is what the command's preparing step answered. */
  forDecision(prepared: unknown): Context {
    let used = 0
    return {
      // A Date can be changed: each decision gets its own.
      now: new Date(this.#now),
      actor: this.#actor,
      newId: () => (this.#ids[used++] ??= this.#draw()),
      prepared,
    }
  }
}
