import type { Envelope } from '../core/envelope.js'
import type { EventInstance } from '../core/event.js'
import { readEvent } from '../core/event-reading.js'
import { streamName } from '../core/stream.js'
import type { Applying, UnreadEvent } from './apply-in-sequence.js'
import type { BatchScope } from './checkpoint-store.js'
import type { Letter, ParkedFailure } from './parking.js'
import { HandlerFailed, isGiven, type Subscriber, UnnamedFailure } from './subscriber.js'

/**
 * Gives the subscriber the events that it handles, in order, but for those that were discarded, those that cannot be
 * applied, and those of a key that has letters: these are parked, and wait. Answers how many it was given.
 *
 * Where nothing was ever parked this asks the database nothing.
 */
export async function applyUnparked<Tx>(
  scope: BatchScope<Tx>,
  events: readonly UnreadEvent[],
  applying: Applying<Tx>,
): Promise<number> {
  const wanted = events.filter((event) => isWanted(event, applying))
  const { free, letters } =
    scope.parked === undefined && applying.parks?.failures.size === 0
      ? { free: readAll(wanted, applying), letters: [] }
      : await sorted(scope, wanted, applying)
  await give(scope, free, applying)
  if (letters.length > 0) {
    applying.parks?.admit?.(letters)
    await scope.parking.park(letters)
    await applying.failpoints?.reach('park:in')
  }
  return free.length
}

/** An event of a type that this build does not know is parked where it came to that. */
function isWanted<Tx>(event: UnreadEvent, { subscriber, eventTypes, parks }: Applying<Tx>) {
  const { type, eventId } = event
  return isGiven(subscriber, event) || (parks?.failures.has(eventId) === true && !eventTypes.has(type))
}

function readAll<Tx>(events: readonly UnreadEvent[], { eventTypes }: Applying<Tx>) {
  return events.map((event) => readEvent(event, eventTypes))
}

/** What can be applied, and what is parked. */
interface Sorted {
  readonly free: readonly Envelope<EventInstance>[]
  readonly letters: readonly Letter[]
}

async function sorted<Tx>(
  scope: BatchScope<Tx>,
  wanted: readonly UnreadEvent[],
  applying: Applying<Tx>,
): Promise<Sorted> {
  const { parks } = applying
  // Without a way to make letters there is none to be made: everything is applied, or fails.
  if (parks === undefined) return { free: readAll(await kept(scope, wanted), applying), letters: [] }
  const opened = (await kept(scope, wanted)).map((event) => open(event, applying))
  const keys = new Set(opened.flatMap((it) => it.keys))
  const held = new Set(keys.size === 0 ? [] : await scope.parked?.parkedAmong([...keys]))
  const free: Envelope<EventInstance>[] = []
  const letters: Letter[] = []
  for (const { event, envelope, keys: own, failure } of opened) {
    const behind = own.find((key) => held.has(key))
    if (envelope !== undefined && behind === undefined) {
      free.push(envelope)
      continue
    }
    const sequenceKey = behind ?? own[0]
    if (sequenceKey !== undefined) held.add(sequenceKey)
    letters.push({ record: parks.recordOf(event), event, sequenceKey, failure })
  }
  return { free, letters }
}

/** Those that nobody gave up for good. */
async function kept<Tx>(
  { parked }: BatchScope<Tx>,
  wanted: readonly UnreadEvent[],
): Promise<readonly UnreadEvent[]> {
  if (parked === undefined || wanted.length === 0) return wanted
  const discarded = await parked.discardedAmong(wanted.map(({ eventId }) => eventId))
  return discarded.size === 0 ? wanted : wanted.filter(({ eventId }) => !discarded.has(eventId))
}

/** An event with the keys whose letters hold it back; its own one comes first. */
interface OpenedEvent {
  readonly event: UnreadEvent
  /** Undefined for an event that is parked because it cannot be applied. */
  readonly envelope: Envelope<EventInstance> | undefined
  readonly keys: readonly string[]
  readonly failure: ParkedFailure | undefined
}

function open<Tx>(event: UnreadEvent, applying: Applying<Tx>): OpenedEvent {
  const failure = applying.parks?.failures.get(event.eventId) ?? applying.parks?.rest
  if (failure !== undefined) return { event, envelope: undefined, keys: [ownKey(event, applying)], failure }
  const envelope = readEvent(event, applying.eventTypes)
  const stream = streamName(event.stream)
  const key = applying.subscriber.sequenceKeyOf?.(envelope) ?? stream
  // Behind the stream too: an event whose key could not be told was parked under it.
  return { event, envelope, keys: key === stream ? [key] : [key, stream], failure }
}

/** The key of an event that may not be readable, or whose key cannot be told: then its stream. */
export function ownKey<Tx>(
  event: UnreadEvent,
  { subscriber, eventTypes }: Pick<Applying<Tx>, 'subscriber' | 'eventTypes'>,
): string {
  const stream = streamName(event.stream)
  try {
    return subscriber.sequenceKeyOf?.(readEvent(event, eventTypes)) ?? stream
  } catch {
    return stream
  }
}

async function give<Tx>(
  { tx }: BatchScope<Tx>,
  envelopes: readonly Envelope<EventInstance>[],
  { subscriber, alone, failpoints }: Applying<Tx>,
): Promise<void> {
  if (alone === true) for (const envelope of envelopes) await giveOne(tx, envelope, subscriber)
  else await subscriber.apply(tx, envelopes)
  await failpoints?.reach('apply:in')
}

/** What fails by itself names itself. */
export async function giveOne<Tx>(
  tx: Tx,
  envelope: Envelope<EventInstance>,
  subscriber: Subscriber<Tx>,
): Promise<void> {
  try {
    await subscriber.apply(tx, [envelope])
  } catch (error) {
    throw error instanceof HandlerFailed ? error : new UnnamedFailure(envelope, error)
  }
}
