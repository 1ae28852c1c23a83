import { setTimeout as delay } from 'node:timers/promises'
import type { SubscriberRef } from './checkpoint-store.js'
import type { DeadLetterStore, DeadlyLetter, LetterSequence } from './dead-letters.js'

/** Letters that builds with another definition failed at, but for those of sequences of which one is tried now. */
export interface LettersOfOtherBuilds {
  readonly letters: number
  /** Those among them of sequences in which a letter ended its process: nobody retries them who was not told to. */
  readonly deadly: number
}

/** How to tell letters that ended a process from those that a start tries at this moment, which are noted alike. */
export interface LookForEnded {
  /**
   * Milliseconds that a letter may be noted without a transaction being at it, before its try or after that. Where a
   * note is younger, it is looked for again when they are over. @defaultValue 0
   */
  readonly settles?: number
  /** Ends the wait. */
  readonly signal?: AbortSignal
}

/** Milliseconds by which a timer may be early, and a time in the database rounded. */
const TOLERANCE = 20

/** How many letters ended a process of this definition. */
export async function lettersThatEnded(
  letters: Pick<DeadLetterStore<never>, 'deadly'>,
  subscriber: SubscriberRef,
  definition: string,
  look?: LookForEnded,
): Promise<number> {
  const isOwn = (letter: DeadlyLetter) => letter.definition === definition
  return (await endedAmong(async () => (await letters.deadly(subscriber)).filter(isOwn), look)).length
}

/** What comes of a letter that is tried now is not known yet, nor what there will be to retry of its sequence. */
export async function lettersOfOtherBuilds(
  letters: Pick<DeadLetterStore<never>, 'deadly' | 'sequences'>,
  subscriber: SubscriberRef,
  definition: string,
  look?: LookForEnded,
): Promise<LettersOfOtherBuilds> {
  const sequences = await letters.sequences(subscriber, { failedByOtherThan: definition })
  const noted = sequences.filter(({ deadly }) => deadly)
  // Only now: what is not noted any more was tried meanwhile.
  const ended = noted.length === 0 ? [] : await endedAmong(() => letters.deadly(subscriber), look)
  const endedIn = new Set(ended.map(({ id, key }) => key ?? id))
  const deadly = lettersIn(noted.filter(({ key, first }) => endedIn.has(key ?? first)))
  return { letters: lettersIn(sequences) - lettersIn(noted) + deadly, deadly }
}

/** A letter that is tried now is none of them: should it end its process, a later look finds it. */
async function endedAmong(
  deadly: () => Promise<readonly DeadlyLetter[]>,
  { settles = 0, signal }: LookForEnded = {},
): Promise<readonly DeadlyLetter[]> {
  const isSettled = ({ age }: DeadlyLetter) => age >= settles
  const noted = await deadly()
  if (noted.every(isSettled)) return noted
  await delay(settles + TOLERANCE, undefined, { signal })
  return (await deadly()).filter(isSettled)
}

/** How many letters a selection means of its sequences. */
const lettersIn = (sequences: readonly LetterSequence[]): number =>
  sequences.reduce((sum, { selected }) => sum + selected.length, 0)
