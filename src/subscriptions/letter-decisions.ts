import { setTimeout as delay } from 'node:timers/promises'
import { BackOff } from '../core/back-off.js'
import { NothingParked, TimedOut } from '../core/errors/index.js'
import type { SubscriberRef } from './checkpoint-store.js'
import type {
  DeadLetter,
  DeadLetterStore,
  LetterCount,
  LetterError,
  LetterGroup,
  LetterSelection,
  LetterSequence,
} from './dead-letters.js'
import {
  lettersOfOtherBuilds,
  type LettersOfOtherBuilds,
  lettersThatEnded,
  type LookForEnded,
} from './ended-letters.js'
import { LetterDiscard } from './letter-discard.js'
import { LetterRetry, type LetterRetryOptions } from './letter-retry.js'
import type { Subscriber } from './subscriber.js'
import { isTransientFailure } from './transient-failure.js'

/** The generation of a subscriber whose letters count. */
export interface LiveGeneration<Tx> extends SubscriberRef {
  /** Makes who applies them, which may take services that only a retry needs. */
  readonly subscriber: () => Subscriber<Tx>
}

/** Whose letters they are, and what applies them. */
export interface DeadLettersOptions<Tx> extends Omit<
  LetterRetryOptions<Tx>,
  'letters' | 'subscriber' | 'by' | 'definition' | 'once' | 'signal' | 'onApplied'
> {
  /** Of the subscriber. */
  readonly name: string
  readonly letters: DeadLetterStore<Tx>
  /** Undefined where it was never started. */
  readonly live: () => Promise<LiveGeneration<Tx> | undefined>
  /** Throws a {@link BuildRefused} where another definition built what is live, which this build would spoil. */
  readonly requireFit: () => Promise<void>
}

/** What a retry or a discard would be about. */
export interface LettersPlan {
  readonly projection: string
  readonly generation: number
  /** Letters that are meant. */
  readonly selected: number
  /** All letters of the keys that they are of, and those parked alone. A retry is of them all. */
  readonly letters: number
  readonly sequences: readonly LetterSequence[]
}

/** What retrying and discarding have in common. */
export interface DecisionOptions {
  /** Who decided it, for the audit log. */
  readonly by: string
  /** Awaited before anything is changed: what it throws ends it there. */
  readonly onPlan?: (plan: LettersPlan) => void | Promise<void>
  /** Told after each key, or letter parked alone, how many letters were decided about. */
  readonly onProgress?: (letters: number) => void
  /** Ends it between two keys, or two letters where each has a transaction of its own. */
  readonly signal?: AbortSignal
  /** Milliseconds to wait for a swap that is under way. @defaultValue 30000 */
  readonly timeout?: number
}

export interface RetryOptions extends DecisionOptions {
  /** The fingerprint of this build's definition, kept with letters that fail again. @defaultValue theirs stays */
  readonly definition?: string
  /**
   * Leaves alone what a build of that definition has failed at by now, and what ended a process, or ends this one.
   * @defaultValue false
   */
  readonly once?: boolean
  /** Told how many letters are gone after each transaction that took some, whatever comes of the others. */
  readonly onApplied?: (letters: number) => void
}

export interface RetryResult {
  readonly projection: string
  readonly generation: number
  /** Letters that are gone: their events were applied, or are none that this build handles. */
  readonly applied: number
  /** Letters that failed again, one of a key at the most. */
  readonly failed: readonly {
    readonly id: bigint
    readonly key: string | undefined
    readonly error: LetterError
  }[]
  /** Letters that are left of what was retried, the failed ones among them. */
  readonly left: number
}

export interface DiscardOptions extends DecisionOptions {
  /** Why, for whoever asks later. */
  readonly reason: string
}

export interface DiscardResult {
  readonly projection: string
  readonly generation: number
  readonly discarded: number
  /** Letters of the same keys that stay, and wait for a retry. */
  readonly left: number
}

const DEFAULT_TIMEOUT = 30_000
const HELD_PAUSE = 50
const MOST_TRIES = 5

/**
 * The dead letters of a projection's live generation, and what an operator decides about them. Each key is decided about
 * in a transaction of its own, so that whatever ends the process leaves all of a decision about a key, or nothing.
 */
export class DeadLetters<Tx> {
  readonly #options: DeadLettersOptions<Tx>

  constructor(options: DeadLettersOptions<Tx>) {
    this.#options = options
  }

  get projection(): string {
    return this.#options.name
  }

  /** How many there are; none of a projection that was never started. */
  async count(): Promise<LetterCount> {
    const live = await this.#options.live()
    return live === undefined ? { letters: 0, failed: 0, keys: 0 } : this.#options.letters.count(live)
  }

  /** Letters that failed alike, the largest group first. */
  async groups(): Promise<readonly LetterGroup[]> {
    const live = await this.#options.live()
    return live === undefined ? [] : this.#options.letters.groups(live)
  }

  /** Letters in the order of their ids, at most `limit`, after an id if one is given. */
  async letters(
    selection: LetterSelection,
    page: { readonly limit: number; readonly after?: bigint },
  ): Promise<readonly DeadLetter[]> {
    const live = await this.#options.live()
    return live === undefined ? [] : this.#options.letters.letters(live, selection, page)
  }

  /** How many letters wait behind each of these keys. */
  async waitingBehind(keys: readonly string[]): Promise<ReadonlyMap<string, number>> {
    const live = await this.#options.live()
    return live === undefined ? new Map() : this.#options.letters.waitingBehind(live, keys)
  }

  /** How many letters a build with another definition than this failed at, which this one may apply. */
  async lettersOfOtherBuilds(definition: string, look?: LookForEnded): Promise<LettersOfOtherBuilds> {
    const live = await this.#options.live()
    if (live === undefined) return { letters: 0, deadly: 0 }
    return lettersOfOtherBuilds(this.#options.letters, live, definition, look)
  }

  /**
   * What the selection means now. Changes nothing.
   *
   * @throws {@link NothingParked} when that is nothing, or one of the letters that are named by id is not there
   */
  async plan(selection: LetterSelection): Promise<LettersPlan> {
    return (await this.#planned(selection)).plan
  }

  /**
   * Applies the letters of each selected key in order, with this build's code, as far as the first that fails again; and
   * selected letters that were parked alone. Later events of a key flow again when no letter of it is left.
   *
   * @throws {@link NothingParked}, also when another generation went live meanwhile; {@link TimedOut} when a swap that was
   * under way did not end in time. What was decided before stays decided. {@link BuildRefused} before anything else
   * when another definition built the live generation, which this build would spoil.
   */
  async retry(selection: LetterSelection, options: RetryOptions): Promise<RetryResult> {
    const { by, definition, once, signal, onApplied } = options
    const { plan, live } = await this.#planned(selection, once)
    await this.#options.requireFit()
    await options.onPlan?.(plan)
    const subscriber = live.subscriber()
    const retry = new LetterRetry({ ...this.#options, subscriber, by, definition, once, signal, onApplied })
    const failed: RetryResult['failed'][number][] = []
    let left = 0
    for (const sequence of plan.sequences) {
      const outcome = await this.#decide(live, options, () => retry.run(sequence))
      left += outcome.left
      if (outcome.failed !== undefined) failed.push({ ...outcome.failed, key: sequence.key })
      options.onProgress?.(sequence.letters)
    }
    return { projection: this.projection, generation: live.generation, applied: retry.applied, failed, left }
  }

  /** How many letters ended a process of this definition. */
  async lettersThatEnded(definition: string, look?: LookForEnded): Promise<number> {
    const live = await this.#options.live()
    return live === undefined ? 0 : lettersThatEnded(this.#options.letters, live, definition, look)
  }

  /**
   * Retries, once, the letters that a build with another definition than this failed at, and those of keys of which none
   * failed any more. Those that fail again are then known as failed by this one, and one that ends this process as one that
   * did. Undefined when there are none.
   *
   * Sequences in which a letter ended its process are left as they are: every start that makes this retry might end at it.
   *
   * @throws as {@link retry}
   */
  async retryOnce(definition: string, options: RetryOptions): Promise<RetryResult | undefined> {
    const selection = { failedByOtherThan: definition, orWaiting: true }
    const live = await this.#options.live()
    const sequences = live === undefined ? [] : await this.#options.letters.sequences(live, selection)
    if (sequences.every(({ deadly }) => deadly)) return undefined
    return this.retry(selection, { ...options, definition, once: true })
  }

  /**
   * Gives up the selected letters for good: rebuilds leave their events out as well. Other letters of their keys stay, and
   * wait for a retry.
   *
   * @throws as {@link retry}
   */
  async discard(selection: LetterSelection, options: DiscardOptions): Promise<DiscardResult> {
    const { plan, live } = await this.#planned(selection)
    await options.onPlan?.(plan)
    const { checkpoints, letters } = this.#options
    const { reason, by } = options
    const discard = new LetterDiscard({ checkpoints, letters, subscriber: live, reason, by })
    let discarded = 0
    let left = 0
    for (const sequence of plan.sequences) {
      const outcome = await this.#decide(live, options, () => discard.run(sequence))
      discarded += outcome.discarded
      left += outcome.left
      options.onProgress?.(sequence.selected.length)
    }
    return { projection: this.projection, generation: live.generation, discarded, left }
  }

  async #planned(
    selection: LetterSelection,
    sparesProcess = false,
  ): Promise<{ readonly plan: LettersPlan; readonly live: LiveGeneration<Tx> }> {
    const live = await this.#options.live()
    const all = live === undefined ? [] : await this.#options.letters.sequences(live, selection)
    const sequences = sparesProcess ? all.filter(({ deadly }) => !deadly) : all
    const selected = sequences.flatMap((sequence) => sequence.selected)
    const missing = selection.ids?.filter((id) => !selected.includes(id)) ?? []
    if (live === undefined || sequences.length === 0 || missing.length > 0)
      throw new NothingParked(this.projection, selectionText({ ...selection, ids: missing }))
    const letters = sequences.reduce((sum, sequence) => sum + sequence.letters, 0)
    const { generation } = live
    return {
      plan: { projection: this.projection, generation, selected: selected.length, letters, sequences },
      live,
    }
  }

  /** Waits while a swap is under way, and tries again what a rival or a lost connection kept from being done. */
  async #decide<T>(
    { generation }: SubscriberRef,
    { signal, timeout = DEFAULT_TIMEOUT }: DecisionOptions,
    decide: () => Promise<T | 'held' | 'retired'>,
  ): Promise<T> {
    const deadline = performance.now() + timeout
    const backOff = new BackOff()
    for (let failures = 0; ;) {
      signal?.throwIfAborted()
      try {
        const outcome = await decide()
        if (outcome === 'retired')
          throw new NothingParked(this.projection, `of generation ${generation} any more, which is not live`)
        if (outcome !== 'held') return outcome
        if (performance.now() > deadline)
          throw new TimedOut(`a swap of ${this.projection} to end`, timeout, { projection: this.projection })
        await delay(HELD_PAUSE, undefined, { signal })
      } catch (error) {
        failures += 1
        if (failures === MOST_TRIES || !isTransientFailure(error, this.#options.isTransient)) throw error
        await delay(backOff.next(), undefined, { signal })
      }
    }
  }
}

/** What a selection means, in the words of {@link NothingParked}. */
export function selectionText({ ids = [], fingerprint, type, key }: LetterSelection): string {
  const parts = [
    ...(ids.length === 0 ? [] : [ids.join(', ')]),
    ...(fingerprint === undefined ? [] : [`with the fingerprint ${fingerprint}`]),
    ...(type === undefined ? [] : [`of type ${type}`]),
    ...(key === undefined ? [] : [`of key ${key}`]),
  ]
  return parts.length === 0 ? 'at all' : parts.join(' ')
}
