/** An event of a producer that numbers nothing: its id, and when its record was written. */
export interface IdentifiedEvent {
  readonly eventId: string
  readonly recordedAt: Date
}

/** What a generation remembers of topics that are not the app's own, within the batch's transaction. */
export interface TopicMemory {
  /** The store that numbers the streams of a type: this one, where none is recorded yet. */
  storeOf(streamType: string, storeId: string): Promise<string>

  /**
   * Which of these events, in the order of a lane, are no repetition of one that was admitted, in whichever lane of the
   * topic, at most `window` milliseconds before. What is admitted is remembered. The times are those of the records: a
   * replay years later tells the same repetitions.
   */
  admit(topic: string, events: readonly IdentifiedEvent[], window: number): Promise<readonly boolean[]>
}

/** What {@link admitOnce} found. */
export interface Admission {
  /** In the order of the events. */
  readonly admitted: readonly boolean[]
  /** When each id of theirs was seen, from now on. */
  readonly seen: ReadonlyMap<string, Date>
}

/** Decides, by when ids were seen before, which of these events are no repetitions. */
export function admitOnce(
  events: readonly IdentifiedEvent[],
  seenBefore: ReadonlyMap<string, Date>,
  window: number,
): Admission {
  const seen = new Map(seenBefore)
  const admitted = events.map(({ eventId, recordedAt }) => {
    const before = seen.get(eventId)
    // Clocks of producers differ: a repetition may bear an earlier time.
    if (before !== undefined && Math.abs(recordedAt.getTime() - before.getTime()) <= window) return false
    seen.set(eventId, before === undefined || before < recordedAt ? recordedAt : before)
    return true
  })
  return { admitted, seen }
}
