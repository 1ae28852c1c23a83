import type { Lane } from '../log/index.js'
import { laneName } from '../log/index.js'
import type { Subscriber } from './subscriber.js'
import type { TopicRules } from './topic-rules.js'

/** What helps: where a rebuild can have history from; or what there is in the place of one. */
const WAYS_OUT = {
  store: 'rebuild the projection, which reads the event store where the topic no longer has all of it',
  'log alone':
    'rebuild the projection if the topic begins at its first record; else its producer has to make it anew before that',
  'new name': 'effects cannot be rebuilt: give the class a new name, and choose where it begins',
} as const

export type WayOut = keyof typeof WAYS_OUT

/** What helps a subscriber whose topic has these rules. */
export function wayOutOf({ kind }: Pick<Subscriber<never>, 'kind'>, { guard }: TopicRules): WayOut {
  if (kind === 'effect') return 'new name'
  return guard.kind === 'versions' && guard.missing === 'fetched' ? 'store' : 'log alone'
}

/** A topic is not what the checkpoint was made on: records were deleted, or it is another topic of the same name. */
export class TopicChanged extends Error {
  private constructor(lane: Lane, wayOut: WayOut, expected: string, found: string, meaning: string) {
    super(`${laneName(lane)}: expected ${expected}, found ${found}: ${meaning}; ${WAYS_OUT[wayOut]}`)
  }

  /** Records that were not applied yet are gone. */
  static begins(lane: Lane, wayOut: WayOut, next: bigint, found: bigint): TopicChanged {
    const meaning =
      found < next
        ? 'the topic was made anew, or lost records'
        : 'records were deleted before they were applied'
    return new TopicChanged(
      lane,
      wayOut,
      `offset ${next.toString()}`,
      `the next record at offset ${found.toString()}`,
      meaning,
    )
  }

  /** Records that were applied are not there, nor the place where they were. */
  static ends(lane: Lane, wayOut: WayOut, next: bigint, end: bigint): TopicChanged {
    return new TopicChanged(
      lane,
      wayOut,
      `offset ${next.toString()}`,
      `the end of the partition at offset ${end.toString()}`,
      'the topic was made anew, or lost records',
    )
  }

  /** The topic has another number of partitions: its keys are elsewhere, and lanes of it nobody's. */
  static counts(lane: Lane, wayOut: WayOut, recorded: number, found: number): TopicChanged {
    return new TopicChanged(
      lane,
      wayOut,
      `${recorded} partitions, as the checkpoints were made for`,
      `${found}`,
      'keys changed their partitions, so their order is lost',
    )
  }

  /** The checkpoints are offsets of another log. */
  static elsewhere(lane: Lane, wayOut: WayOut, recorded: string, found: string): TopicChanged {
    return new TopicChanged(
      lane,
      wayOut,
      `the log ${recorded}, as the checkpoints were made on`,
      `the log ${found}`,
      'their offsets mean nothing there; give it the address of its own log again, or, if this one is to take its place',
    )
  }

  /** Another record is where an applied one was. */
  static holds(lane: Lane, wayOut: WayOut, offset: bigint, applied: string, found: string): TopicChanged {
    return new TopicChanged(
      lane,
      wayOut,
      `event ${applied} at offset ${offset.toString()}, as it was applied`,
      `event ${found}`,
      'the topic was made anew',
    )
  }
}
