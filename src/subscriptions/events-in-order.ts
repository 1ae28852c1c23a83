import { setTimeout as delay } from 'node:timers/promises'
import { BackOff } from '../core/back-off.js'
import type { StoredEvent } from '../core/envelope.js'
import { TimedOut } from '../core/errors/index.js'
import { describeSession } from '../core/open-session.js'
import type { EventOrder, UnsettledOrder } from '../core/ports/event-order.js'
import type { EventReader } from '../core/ports/event-reader.js'

/** What events are read with in the order of the store. */
export interface OrderedReading {
  readonly history: Pick<EventReader, 'page'>
  readonly order: EventOrder
}

export interface EventsInOrderOptions {
  readonly streamTypes: readonly string[]
  /** The position of the last event that is not wanted: where an earlier reading was left. @defaultValue 0 */
  readonly after?: bigint
  /** Ends the reading: it throws the signal's reason. */
  readonly signal?: AbortSignal
  /** Milliseconds to wait for appends that keep the order open. @defaultValue 30000 */
  readonly timeout?: number
}

const PAGE = 1_000
const DEFAULT_TIMEOUT = 30_000

/**
 * The stored events of some stream types in the order of their positions, each once, up to the end of the store as it was
 * at the beginning; afterwards, go on from the last position. Nothing is missed: at or before a position that was
 * given out, nothing is committed later.
 *
 * @throws {@link TimedOut} when a caller's open transaction, which is named, keeps the order open
 */
export async function* eventsInOrder(
  { history, order }: OrderedReading,
  { streamTypes, after = 0n, signal, timeout = DEFAULT_TIMEOUT }: EventsInOrderOptions,
): AsyncGenerator<StoredEvent, void, undefined> {
  const end = await settledEnd(order, streamTypes, timeout, signal)
  let position = after
  while (position < end) {
    signal?.throwIfAborted()
    const page = await history.page(streamTypes, position, PAGE, end)
    for (const event of page) {
      signal?.throwIfAborted()
      yield event
    }
    position = page.length < PAGE ? end : (page.at(-1)?.position ?? end)
  }
}

async function settledEnd(
  order: EventOrder,
  streamTypes: readonly string[],
  timeout: number,
  signal: AbortSignal | undefined,
): Promise<bigint> {
  const deadline = performance.now() + timeout
  const backOff = new BackOff(20, 500)
  let unsettled: UnsettledOrder | undefined
  for (;;) {
    signal?.throwIfAborted()
    const answer = await order.settledUpTo(streamTypes, unsettled)
    if (typeof answer === 'bigint') return answer
    unsettled = answer
    if (performance.now() > deadline) throw keptOpen(answer, timeout)
    await delay(backOff.next(), undefined, { signal }).catch(() => undefined)
  }
}

function keptOpen({ appends }: UnsettledOrder, timeout: number): TimedOut {
  const sessions = appends.map(describeSession)
  return new TimedOut(`transactions that have appended to end: ${sessions.join('; ')}`, timeout, { sessions })
}
