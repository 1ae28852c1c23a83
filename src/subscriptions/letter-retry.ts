import type { EventEncoding } from '../core/event-encoding.js'
import { readEvent } from '../core/event-reading.js'
import { streamName } from '../core/stream.js'
import type { LogRecord } from '../log/index.js'
import { applyBatch } from './apply-batch.js'
import type { Applying } from './apply-in-sequence.js'
import { giveOne } from './apply-unparked.js'
import type { BatchScope, CheckpointStore } from './checkpoint-store.js'
import { CountedLetters, nothingTried } from './counted-letters.js'
import type {
  DeadLetter,
  DeadLetterStore,
  LetterError,
  LetterSequence,
  LettersInHand,
} from './dead-letters.js'
import { parkedFailureOf } from './parked-failure.js'
import { RecordOfAnotherStore } from './record-refused.js'
import { HandlerFailed, isGiven, UnnamedFailure } from './subscriber.js'
import {
  type ClaimedRecord,
  isTrusted,
  ownTopicRules,
  readRecord,
  type ReadRecord,
  type TopicEvent,
  type TopicRules,
} from './topic-rules.js'
import { isTransientFailure } from './transient-failure.js'

export interface LetterRetryOptions<Tx> extends Applying<Tx> {
  readonly checkpoints: CheckpointStore<Tx>
  readonly letters: DeadLetterStore<Tx>
  readonly encoding: EventEncoding
  readonly storeId: string
  readonly foreignTopics?: ReadonlyMap<string, TopicRules>
  readonly gaps?: boolean
  readonly isTransient: (error: unknown) => boolean
  /** Who asked for it. */
  readonly by: string
  /** The fingerprint of this build's definition, for letters that fail again. @defaultValue the subscriber's */
  readonly definition?: string | undefined
  /**
   * As nobody asked for who could stop it: each letter has a transaction of its own, and is counted before, so that one
   * which ends the process is not tried again. What a build of that definition has failed at by now is left alone, and
   * what ended a process. @defaultValue false
   */
  readonly once?: boolean | undefined
  /** Ends it between two transactions. */
  readonly signal?: AbortSignal | undefined
  /** Told how many letters are gone, each time that this was committed. */
  readonly onApplied?: ((letters: number) => void) | undefined
}

/** What came of retrying a sequence. */
export interface RetriedSequence {
  readonly key: string | undefined
  /** The letter that failed again. */
  readonly failed: { readonly id: bigint; readonly error: LetterError } | undefined
  /** Letters that are left, the failed one among them. */
  readonly left: number
}

/** What came of one transaction of that. */
interface TriedLetters extends RetriedSequence {
  /** Letters that are gone: their events were applied, or are none that this build handles. */
  readonly applied: number
}

/** Letters that are read at a time. */
const PAGE = 100

/** Applies letters with the code of today, as their subscription would, and takes them away. */
export class LetterRetry<Tx> {
  readonly #options: LetterRetryOptions<Tx>
  readonly #ownRules: TopicRules
  readonly #counted: CountedLetters<Tx>
  #applied = 0

  constructor(options: LetterRetryOptions<Tx>) {
    this.#options = options
    this.#ownRules = ownTopicRules(options)
    this.#counted = new CountedLetters(options)
  }

  /**
   * Letters that are gone, of all sequences: their events were applied, or are none that this build handles. Also those
   * of a run that was broken off, or throws, later on.
   */
  get applied(): number {
    return this.#applied
  }

  /**
   * Applies the letters of a sequence in order, in one transaction, or one each where they are counted or the
   * subscriber is given one event at a time: all of them, or those before the first that fails again, which is noted.
   * Later events of the key flow again when none is left. `held` and `retired`: a swap is under way, or done, and its
   * transaction changed nothing.
   *
   * Throws what is transient; nothing was changed by its transaction then.
   */
  async run(sequence: LetterSequence): Promise<RetriedSequence | 'held' | 'retired'> {
    const { subscriber, once = false, signal } = this.#options
    if (!once && subscriber.oneAtATime !== true) return this.#transaction(sequence, Infinity)
    for (;;) {
      signal?.throwIfAborted()
      const outcome = await (once ? this.#tryCounted(sequence) : this.#transaction(sequence, 1))
      if (outcome === 'lost') continue
      if (typeof outcome === 'string') return outcome
      if (outcome.applied === 0 || outcome.left === 0) return outcome
    }
  }

  #tryCounted(sequence: LetterSequence): Promise<TriedLetters | 'held' | 'retired' | 'lost'> {
    const attempt = (counted: DeadLetter) => this.#transaction(sequence, 1, counted)
    return this.#counted.tryFirst(sequence, attempt, this.#options.signal)
  }

  async #transaction(
    sequence: LetterSequence,
    most: number,
    counted?: DeadLetter,
  ): Promise<TriedLetters | 'held' | 'retired'> {
    const { checkpoints, subscriber } = this.#options
    let outcome = 'retired' as TriedLetters | 'held' | 'retired'
    await checkpoints.backfill(subscriber, async (scope) => {
      outcome = await this.#runWithin(scope, sequence, most, counted)
    })
    if (typeof outcome === 'object') this.#report(outcome)
    return outcome
  }

  #report({ applied }: TriedLetters): void {
    if (applied === 0) return
    this.#applied += applied
    this.#options.onApplied?.(applied)
  }

  async #runWithin(
    scope: BatchScope<Tx>,
    sequence: LetterSequence,
    most: number,
    counted: DeadLetter | undefined,
  ): Promise<TriedLetters | 'held' | 'retired'> {
    const { letters, subscriber, by, definition } = this.#options
    const { key } = sequence
    const inHand = letters.within(scope.tx, subscriber)
    const state = await inHand.enter()
    if (state !== 'open') return state
    if (key !== undefined) await inHand.lock(key)
    // From here on it is as if it had not been counted: somebody may have retried it by hand meanwhile.
    if (counted !== undefined && !(await inHand.restore(counted))) return nothingTried(inHand, sequence)
    const { applied, failed } = await this.#applyInOrder(scope, inHand, sequence, most)
    if (failed !== undefined) await inHand.fail(failed.id, failed.error, definition ?? subscriber.definition)
    const left = key === undefined ? Number(failed !== undefined) : await inHand.release(key)
    if (applied > 0 || failed !== undefined) {
      const { name: projection, generation } = subscriber
      const target = { projection, generation, key, first: sequence.first.toString(), applied, left }
      await inHand.audit({
        actor: by,
        action: 'dlq retry',
        target: { ...target, failed: failed?.id.toString() },
      })
    }
    return { key, applied, failed, left }
  }

  /** Applies letters, at most so many, and takes them away, as far as the first that fails. */
  async #applyInOrder(
    scope: BatchScope<Tx>,
    inHand: LettersInHand,
    sequence: LetterSequence,
    most: number,
  ): Promise<Pick<TriedLetters, 'applied' | 'failed'>> {
    const size = Math.min(PAGE, most)
    let applied = 0
    for (let last = 0n; ;) {
      const page = await inHand.after(sequence, last, size)
      for (const [index, letter] of page.entries()) {
        const error = await this.#failureOf(scope, inHand, letter)
        if (error === undefined) continue
        await inHand.remove(page.slice(0, index).map(({ id }) => id))
        return { applied: applied + index, failed: { id: letter.id, error } }
      }
      await inHand.remove(page.map(({ id }) => id))
      applied += page.length
      last = page.at(-1)?.id ?? last
      if (page.length < size || applied >= most) return { applied, failed: undefined }
    }
  }

  /** Applies a letter, and answers what went wrong, of which nothing is kept then. Throws what is transient. */
  async #failureOf(
    scope: BatchScope<Tx>,
    inHand: LettersInHand,
    letter: DeadLetter,
  ): Promise<LetterError | undefined> {
    try {
      await inHand.attempt(() => this.#apply(scope, letter))
      return undefined
    } catch (error) {
      if (isTransientFailure(error, this.#options.isTransient)) throw error
      const { type, attempts, firstFailedAt } = letter
      const isHandlers = error instanceof HandlerFailed || error instanceof UnnamedFailure
      const failureClass = isHandlers ? 'handler' : 'contract'
      return parkedFailureOf(error, { class: failureClass, type, attempts, firstFailedAt })
    }
  }

  async #apply(scope: BatchScope<Tx>, letter: DeadLetter): Promise<void> {
    const { subscriber, eventTypes, foreignTopics } = this.#options
    const { record, sequenceKey, eventId } = letter
    const rules = foreignTopics?.get(record.topic) ?? this.#ownRules
    const event = await this.#eventOf(letter, rules)
    if (event === undefined || !isGiven(subscriber, event)) return
    if (sequenceKey === undefined) await this.#applyAlone(scope, event, record, rules)
    // Its event was unknown when it was parked: no guard was moved on for it, and the topic's must admit it.
    else if (eventId === undefined && isTrusted(rules))
      await this.#applyGuarded(scope, { record, event }, rules)
    // Its guard was moved on when it was parked.
    else await giveOne(scope.tx, readEvent(event, eventTypes), subscriber)
  }

  /**
   * The event in a letter, as it came. Where that cannot be read, and the record was a copy of a committed event that was
   * damaged on its way, what the store has.
   */
  async #eventOf({ record, sequenceKey }: DeadLetter, rules: TopicRules): Promise<TopicEvent | undefined> {
    const { subscriber, eventTypes } = this.#options
    try {
      const { event } = readRecord(record, rules)
      if (event !== undefined && isGiven(subscriber, event)) readEvent(event, eventTypes)
      return event
    } catch (error) {
      const claimed = sequenceKey === undefined || isTrusted(rules) ? undefined : rules.claimed(record)
      const stored = claimed && (await this.#committed(claimed))
      if (stored === undefined || error instanceof RecordOfAnotherStore) throw error
      return stored
    }
  }

  /** What the store has at the place of an event, if it is that event. */
  async #committed({ stream, version, eventId }: ClaimedRecord): Promise<TopicEvent | undefined> {
    if (version === undefined) return undefined
    const [stored] = await this.#options.history.versions(stream, version, version)
    return stored?.eventId === eventId ? stored : undefined
  }

  /**
   * Nobody vouched for a record that was parked alone, and no guard was moved on: it is applied only where the store holds
   * its event, as the store holds it, and under the rules of its topic, which know whether that was done by other ways
   * meanwhile.
   */
  async #applyAlone(
    scope: BatchScope<Tx>,
    own: TopicEvent,
    record: LogRecord,
    rules: TopicRules,
  ): Promise<void> {
    const { subscriber, eventTypes } = this.#options
    const event = isTrusted(rules) ? own : await this.#committed(own)
    if (event === undefined)
      throw new NotCommitted(
        `the store holds no event ${own.eventId} as version ${own.version} of ${streamName(own.stream)}`,
      )
    const envelope = readEvent(event, eventTypes)
    const stream = streamName(event.stream)
    const keys = [subscriber.sequenceKeyOf?.(envelope) ?? stream, stream]
    const [held] = await scope.parking.parkedAmong([...new Set(keys)])
    if (held !== undefined)
      throw new KeyHeldBack(`other letters of ${held} come before it: retry those first`)
    await this.#applyGuarded(scope, { record, event }, rules)
  }

  async #applyGuarded(scope: BatchScope<Tx>, read: ReadRecord, rules: TopicRules): Promise<void> {
    await applyBatch(scope, read.record.topic, [read], rules, undefined, { ...this.#options, alone: true })
  }
}

/** A record says that it holds an event which its store does not have. */
class NotCommitted extends Error {
  override readonly name = 'NotCommitted'
}

/** Events of the key wait. */
class KeyHeldBack extends Error {
  override readonly name = 'KeyHeldBack'
}
