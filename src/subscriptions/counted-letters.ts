import type { CheckpointStore } from './checkpoint-store.js'
import type { DeadLetter, DeadLetterStore, LetterSequence, LettersInHand } from './dead-letters.js'
import { parkedFailureOf, PROCESS_DIED, RetryNotEnded } from './parked-failure.js'
import { patiently } from './patiently.js'
import type { Subscriber } from './subscriber.js'
import { inSuspectTurn } from './suspect-turns.js'

export interface CountedLettersOptions<Tx> {
  readonly checkpoints: CheckpointStore<Tx>
  readonly letters: DeadLetterStore<Tx>
  readonly subscriber: Subscriber<Tx>
  /** The fingerprint of this build's definition. */
  readonly definition?: string | undefined
  readonly isTransient: (error: unknown) => boolean
}

/** Nothing was tried of a sequence: somebody else has, or its first letter ended a process. */
export interface NothingTried {
  readonly key: string | undefined
  readonly applied: 0
  readonly failed: undefined
  readonly left: number
}

type Refused = NothingTried | 'held' | 'retired'

/**
 * Letters that are tried without anybody at hand. Before each try it is noted, durably, that the letter ended its process,
 * and what comes of the try takes the place of that. Where its process does end the note stays, and no build tries the
 * letter by itself again.
 */
export class CountedLetters<Tx> {
  readonly #options: CountedLettersOptions<Tx>

  constructor(options: CountedLettersOptions<Tx>) {
    this.#options = options
  }

  /**
   * Counts the first letter of a sequence and tries it, while no suspect of this process is tried. In its transaction
   * `attempt` takes the count back first, and changes nothing where it is not there any more. Where it keeps nothing, the
   * count is taken back here. `lost`: the signal came first, and nothing was counted.
   */
  tryFirst<T>(
    sequence: LetterSequence,
    attempt: (counted: DeadLetter) => Promise<T | Refused>,
    signal: AbortSignal = new AbortController().signal,
  ): Promise<T | Refused | 'lost'> {
    const { subscriber } = this.#options
    return inSuspectTurn(subscriber, () => this.#countAndTry(sequence, attempt, signal), signal)
  }

  async #countAndTry<T>(
    sequence: LetterSequence,
    attempt: (counted: DeadLetter) => Promise<T | Refused>,
    signal: AbortSignal,
  ): Promise<T | Refused> {
    const { checkpoints, letters, subscriber } = this.#options
    const found: { counted?: DeadLetter; refused?: Refused } = {}
    try {
      await checkpoints.backfill(subscriber, async ({ tx }) => {
        const first = await this.#count(letters.within(tx, subscriber), sequence)
        if (typeof first === 'object' && 'id' in first) found.counted = first
        else found.refused = first
      })
      const { counted, refused = 'retired' } = found
      if (counted === undefined) return refused
      const outcome = await attempt(counted)
      if (typeof outcome === 'string') await this.#takeBack(counted, signal)
      return outcome
    } catch (error) {
      // Also where it is not known whether the count was committed.
      if (found.counted !== undefined) await this.#takeBack(found.counted, signal)
      throw error
    }
  }

  async #count(inHand: LettersInHand, sequence: LetterSequence): Promise<DeadLetter | Refused> {
    const { definition, subscriber } = this.#options
    const state = await inHand.enter()
    if (state !== 'open') return state
    if (sequence.key !== undefined) await inHand.lock(sequence.key)
    const [first] = await inHand.after(sequence, 0n, 1)
    if (first === undefined || this.#isDone(first)) return nothingTried(inHand, sequence)
    const { type, attempts, firstFailedAt, error } = first
    const facts = { class: 'handler', type, attempts, firstFailedAt } as const
    const notEnded = parkedFailureOf(new RetryNotEnded(error), facts)
    await inHand.fail(first.id, notEnded, definition ?? subscriber.definition)
    return first
  }

  /** Whether a build of this definition has failed at it meanwhile, or one of any definition is at it, or ended at it. */
  #isDone({ error, definition }: DeadLetter): boolean {
    return error !== undefined && (definition === this.#options.definition || error.name === PROCESS_DIED)
  }

  /** Where that cannot be done the letter stays one that a process ended at: nobody knows better. */
  async #takeBack(counted: DeadLetter, signal: AbortSignal): Promise<void> {
    const { checkpoints, letters, subscriber, isTransient } = this.#options
    const restore = () =>
      checkpoints.backfill(subscriber, async ({ tx }) => {
        await letters.within(tx, subscriber).restore(counted)
      })
    const ignored = (): void => undefined
    const isOver = () => signal.aborted
    await patiently(restore, { isTransient, isOver, onFailure: ignored }).catch(ignored)
  }
}

/** Says how many letters are left of a sequence, and lets the events of its key flow where there are none. */
export async function nothingTried(
  inHand: LettersInHand,
  { key, first }: LetterSequence,
): Promise<NothingTried> {
  const left =
    key === undefined ? (await inHand.after({ key, first }, 0n, 1)).length : await inHand.release(key)
  return { key, applied: 0, failed: undefined, left }
}
