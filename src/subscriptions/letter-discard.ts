import type { CheckpointStore, SubscriberRef } from './checkpoint-store.js'
import type { DeadLetterStore, LetterSequence } from './dead-letters.js'

export interface LetterDiscardOptions<Tx> {
  readonly checkpoints: CheckpointStore<Tx>
  readonly letters: DeadLetterStore<Tx>
  readonly subscriber: SubscriberRef
  readonly reason: string
  /** Who decided it. */
  readonly by: string
}

/** What came of discarding letters of a sequence. */
export interface DiscardedLetters {
  readonly discarded: number
  /** Letters of the key that stay. */
  readonly left: number
}

/** Gives letters up for good. */
export class LetterDiscard<Tx> {
  readonly #options: LetterDiscardOptions<Tx>

  constructor(options: LetterDiscardOptions<Tx>) {
    this.#options = options
  }

  /**
   * Takes the selected letters of a sequence away in one transaction, which records their events as left out, and who
   * decided it. `held` and `retired`: a swap is under way, or done, and nothing was changed.
   */
  async run({ key, selected }: LetterSequence): Promise<DiscardedLetters | 'held' | 'retired'> {
    const { checkpoints, letters, subscriber, reason, by } = this.#options
    let outcome: DiscardedLetters | 'held' | 'retired' = 'retired'
    await checkpoints.backfill(subscriber, async ({ tx }) => {
      const inHand = letters.within(tx, subscriber)
      const state = await inHand.enter()
      if (state !== 'open') {
        outcome = state
        return
      }
      if (key !== undefined) await inHand.lock(key)
      const discarded = await inHand.discard(selected, reason, by)
      const left = key === undefined ? 0 : await inHand.release(key)
      outcome = { discarded, left }
      if (discarded === 0) return
      const { name: projection, generation } = subscriber
      const target = { projection, generation, key, letters: selected.map(String), discarded, left }
      await inHand.audit({ actor: by, action: 'dlq discard', target, reason })
    })
    return outcome
  }
}
