import type { LogRecord } from '../log/index.js'
import type { SubscriberRef } from './checkpoint-store.js'
import type { ParkedFailure } from './parking.js'

/** What went wrong with a letter last. */
export type LetterError = Pick<ParkedFailure, 'class' | 'name' | 'message' | 'stack' | 'fingerprint'>

/** What is known of the event in a letter; nothing of one whose record says nothing. */
export interface LetterEvent {
  readonly eventId: string | undefined
  /** The name of its stream. */
  readonly stream: string | undefined
  readonly version: number | undefined
  readonly type: string | undefined
}

/** A record that was not applied, as it came, with why. Letters of a key are in the order of their ids. */
export interface DeadLetter extends LetterEvent {
  readonly id: bigint
  /** Behind whose letters later events of that key wait; undefined for a letter that holds nothing back. */
  readonly sequenceKey: string | undefined
  readonly record: LogRecord
  /** Undefined for one that only waits behind another letter of its key. */
  readonly error: LetterError | undefined
  /** The fingerprint of the definition that failed at it last; of one that waits, that was in use when it came. */
  readonly definition: string
  readonly attempts: number
  readonly firstFailedAt: Date
  readonly lastFailedAt: Date
}

/** Which letters are meant: those that everything given holds for. Nothing given means all of them. */
export interface LetterSelection {
  readonly ids?: readonly bigint[]
  /** The group of like failures. Letters that wait behind one of them belong to none. */
  readonly fingerprint?: string
  /** The type of the event. */
  readonly type?: string
  /** The key behind whose letters events wait. */
  readonly key?: string
  /** Those that a build with another definition than this failed at. */
  readonly failedByOtherThan?: string
  /** Also sequences in which none failed: a retry was broken off, or the one that did was discarded. @defaultValue false */
  readonly orWaiting?: boolean
}

export interface LetterCount {
  readonly letters: number
  /** Those among them that something is wrong with. */
  readonly failed: number
  /** Keys that are held back. */
  readonly keys: number
}

/** Letters that failed alike, and those that wait behind them. */
export interface LetterGroup {
  /** Undefined for those that wait though the letter before them was discarded: they need a retry, and nothing else. */
  readonly fingerprint: string | undefined
  readonly failed: number
  readonly waiting: number
  /** Keys that they hold back. */
  readonly keys: number
  readonly firstFailedAt: Date
  readonly lastFailedAt: Date
  /** The first of them. */
  readonly example: Pick<DeadLetter, 'id' | 'error' | keyof LetterEvent>
}

/** The letters of one key, or one that was parked alone. */
export interface LetterSequence {
  readonly key: string | undefined
  /** The id of its first letter. */
  readonly first: bigint
  readonly letters: number
  /** The ids of those among them that a selection means. */
  readonly selected: readonly bigint[]
  /** What holds it back; undefined where nothing does but that nobody retried it. */
  readonly fingerprint: string | undefined
  /** Whether one of them ended its process, as it may again. */
  readonly deadly: boolean
}

/** A letter that is noted to have ended its process. */
export interface DeadlyLetter {
  readonly id: bigint
  readonly key: string | undefined
  /** The fingerprint of the definition that the process had. */
  readonly definition: string
  /** Milliseconds since that was noted. */
  readonly age: number
}

/** What an operator did, for the audit log. */
export interface AuditEntry {
  readonly actor: string
  readonly action: string
  readonly target: Readonly<Record<string, unknown>>
  readonly reason?: string
}

/**
 * Whether letters may be decided about: `held` while a swap is about to put another generation in the place of this one,
 * `retired` when that is done.
 */
export type LettersState = 'open' | 'held' | 'retired'

/** The letters of one generation, in a transaction that decides about some of them. */
export interface LettersInHand {
  /** Must come first. While the answer is `open`, no swap of the generation comes between here and the commit. */
  enter(): Promise<LettersState>

  /** Keeps everybody else from adding to the letters of a key, and from taking them away, until the transaction ends. */
  lock(key: string): Promise<void>

  /** Letters of a sequence that come after one of its ids, in order. Of a letter parked alone: itself. */
  after(
    sequence: Pick<LetterSequence, 'key' | 'first'>,
    id: bigint,
    limit: number,
  ): Promise<readonly DeadLetter[]>

  /** Runs work of which nothing stays when it throws; the transaction goes on all the same. */
  attempt(work: () => Promise<void>): Promise<void>

  /** Takes letters away that were applied. */
  remove(ids: readonly bigint[]): Promise<void>

  /** Notes that a letter failed once more, at a build of that definition. */
  fail(id: bigint, error: LetterError, definition: string | undefined): Promise<void>

  /**
   * Takes back that a letter ended its process, which was noted after it was read. Answers whether that still was what
   * there is to it: somebody may have decided about it meanwhile.
   */
  restore(letter: DeadLetter): Promise<boolean>

  /** Takes letters away for good, and records their events as left out. Answers how many were still there. */
  discard(ids: readonly bigint[], reason: string, by: string): Promise<number>

  /** Lets the events of a key flow again where no letter of it is left. Answers how many are left. */
  release(key: string): Promise<number>

  audit(entry: AuditEntry): Promise<void>
}

/** Dead letters beside the rows and checkpoints of a read side, for those who decide about them. */
export interface DeadLetterStore<Tx> {
  count(subscriber: SubscriberRef): Promise<LetterCount>

  /** The group with the most letters first. */
  groups(subscriber: SubscriberRef): Promise<readonly LetterGroup[]>

  /** Letters in the order of their ids, at most `limit`, after an id if one is given. */
  letters(
    subscriber: SubscriberRef,
    selection: LetterSelection,
    page: { readonly limit: number; readonly after?: bigint },
  ): Promise<readonly DeadLetter[]>

  /** Letters that are noted to have ended a process, but for those that a transaction is at, which tries them perhaps. */
  deadly(subscriber: SubscriberRef): Promise<readonly DeadlyLetter[]>

  /** The sequences that the selection means a letter of, in the order of their first letters. */
  sequences(subscriber: SubscriberRef, selection: LetterSelection): Promise<readonly LetterSequence[]>

  /** How many letters wait behind each of these keys. */
  waitingBehind(subscriber: SubscriberRef, keys: readonly string[]): Promise<ReadonlyMap<string, number>>

  /** The letters as a transaction of the read side has them. */
  within(tx: Tx, subscriber: SubscriberRef): LettersInHand
}
