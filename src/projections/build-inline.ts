import { setTimeout as delay } from 'node:timers/promises'
import type { StoredEvent } from '../core/envelope.js'
import { readEvent } from '../core/event-reading.js'
import { ProjectionStopped, TimedOut } from '../core/errors/index.js'
import { describeSession } from '../core/open-session.js'
import type { UnsettledOrder } from '../core/ports/event-order.js'
import { isTransientFailure, type Subscriber } from '../subscriptions/index.js'
import { withItsEvent } from './backfill-from-store.js'
import type { Generation } from './generation.js'
import { LockTries } from './lock-tries.js'
import type { AppliedUpTo } from './inline-generations.js'
import type { InlineParts, ProjectionParts } from './projection-feed.js'

export interface BuildInlineOptions {
  /** Milliseconds that appends under way may keep it from coming level. */
  readonly timeout: number
  readonly onRead: (events: number) => void
  /** Told for whom it waits. */
  readonly onWaiting: (sessions: readonly string[]) => void
  readonly signal: AbortSignal
}

/** Few enough that a page is over soon, however slow its handlers are. */
const PAGE = 500

/** Events that appends are kept waiting for: some tens of milliseconds' work. */
const MOST_UNDER_LOCK = 250

/** Milliseconds for which appends are let alone. */
const PAUSE = 25

/**
 * Builds a generation of an inline projection from the store, up to where appends write it themselves. Meanwhile they go
 * on: only while its last events are applied they wait, for some tens of milliseconds at a time.
 *
 * @throws {@link ProjectionStopped} when an event could not be applied, {@link TimedOut} when an append that is open in a
 * caller's transaction does not end
 */
export async function buildInline<Tx>(
  parts: ProjectionParts<Tx>,
  inline: InlineParts<Tx>,
  building: Generation,
  options: BuildInlineOptions,
): Promise<void> {
  const { timeout, signal } = options
  const subscriber = parts.subscriberFor(building)
  const apply = (tx: Tx, events: readonly StoredEvent[]): Promise<void> =>
    applyEvents(parts, subscriber, tx, events)
  const tries = new LockTries()
  const deadline = performance.now() + timeout
  let position = await readUntilNear(parts, inline, subscriber, 0n, options)
  for (;;) {
    signal.throwIfAborted()
    const applied = { position, most: MOST_UNDER_LOCK }
    const answer = await inline.generations.level(building, applied, tries.patience, apply)
    if (answer.outcome === 'level') return
    if (answer.outcome === 'behind') {
      position = answer.position
      options.onRead(MOST_UNDER_LOCK)
      await delay(PAUSE)
    } else {
      await refuseLate(parts, inline, deadline, options)
      await tries.pause()
      position = await readUntilNear(parts, inline, subscriber, position, options)
    }
  }
}

/**
 * Reads the store again and again, as long as that brings it nearer to the end: each time less than half as much was left
 * as before. Where appends are faster than that, the rest has to be applied while they wait.
 */
async function readUntilNear<Tx>(
  parts: ProjectionParts<Tx>,
  inline: InlineParts<Tx>,
  subscriber: Subscriber<Tx>,
  after: bigint,
  options: BuildInlineOptions,
): Promise<bigint> {
  let position = after
  let most = Infinity
  for (;;) {
    const read = await readStore(parts, inline, subscriber, { position, most }, options)
    position = read.position
    if (read.events <= MOST_UNDER_LOCK || read.events >= most) return position
    most = read.events / 2
  }
}

/** Reads what is final of the store, in pages of short transactions, until there is no more, or `most` were read. */
async function readStore<Tx>(
  parts: ProjectionParts<Tx>,
  inline: InlineParts<Tx>,
  subscriber: Subscriber<Tx>,
  { position: after, most }: AppliedUpTo,
  options: BuildInlineOptions,
): Promise<{ readonly position: bigint; readonly events: number }> {
  const { history, streamTypes, checkpoints } = parts
  const end = await settledEnd(parts, inline, options)
  let position = after
  let events = 0
  while (position < end && events < most) {
    options.signal.throwIfAborted()
    const page = await history.page(streamTypes, position, PAGE, end)
    if (page.length > 0)
      await checkpoints.backfill(subscriber, ({ tx }) => applyEvents(parts, subscriber, tx, page))
    options.onRead(page.length)
    events += page.length
    position = page.length < PAGE ? end : (page.at(-1)?.position ?? end)
  }
  return { position, events }
}

/** Up to where nothing will be committed any more. */
async function settledEnd<Tx>(
  { streamTypes, model }: ProjectionParts<Tx>,
  { order }: InlineParts<Tx>,
  { timeout, onWaiting, signal }: BuildInlineOptions,
): Promise<bigint> {
  const deadline = performance.now() + timeout
  let unsettled: UnsettledOrder | undefined
  for (;;) {
    signal.throwIfAborted()
    const answer = await order.settledUpTo(streamTypes, unsettled)
    if (typeof answer === 'bigint') return answer
    unsettled = answer
    const sessions = answer.appends.map(describeSession)
    onWaiting(sessions)
    if (performance.now() > deadline) throw tooLate(model.name, sessions, timeout)
    await delay(PAUSE)
  }
}

async function applyEvents<Tx>(
  { eventTypes, isTransient }: ProjectionParts<Tx>,
  subscriber: Subscriber<Tx>,
  tx: Tx,
  events: readonly StoredEvent[],
): Promise<void> {
  try {
    const handled = events.filter(({ type }) => subscriber.handles.has(type))
    await subscriber.apply(
      tx,
      handled.map((event) => readEvent(event, eventTypes)),
    )
  } catch (error) {
    if (isTransientFailure(error, isTransient)) throw error
    throw new ProjectionStopped(subscriber.name, undefined, withItsEvent(error))
  }
}

async function refuseLate<Tx>(
  { streamTypes, model }: ProjectionParts<Tx>,
  { order }: InlineParts<Tx>,
  deadline: number,
  { timeout, onWaiting }: BuildInlineOptions,
): Promise<void> {
  const answer = await order.settledUpTo(streamTypes)
  const sessions = typeof answer === 'bigint' ? [] : answer.appends.map(describeSession)
  if (sessions.length > 0) onWaiting(sessions)
  if (performance.now() > deadline) throw tooLate(model.name, sessions, timeout)
}

function tooLate(projection: string, sessions: readonly string[], timeout: number): TimedOut {
  const whom = sessions.length > 0 ? sessions.join('; ') : 'none that is open now'
  return new TimedOut(`transactions that have appended to end: ${whom}`, timeout, { projection })
}
