import { setTimeout as delay } from 'node:timers/promises'
import { BackOff } from '../core/back-off.js'
import type { StoredEvent } from '../core/envelope.js'
import type { EventOrder } from '../core/ports/event-order.js'
import type { EventReader } from '../core/ports/event-reader.js'
import type { Logger } from '../core/ports/logger.js'
import { Trouble } from '../core/trouble.js'
import { SettledEnd } from '../subscriptions/settled-end.js'
import type { AppendSignal } from './append-signal.js'
import { Waking } from './waking.js'

export interface Following {
  readonly history: EventReader
  readonly order: EventOrder
  readonly appends: AppendSignal
  readonly isTransient: (error: unknown) => boolean
  readonly logger: Logger
  /** Aborted when nothing is read any more: the events are over then. */
  readonly closing: AbortSignal
}

export interface FollowOptions {
  readonly streamTypes: readonly string[]
  readonly after: bigint
  /** Ends the reading: it throws the signal's reason. */
  readonly signal: AbortSignal | undefined
}

const PAGE = 1_000

/** Milliseconds between looks at a store that is quiet, for when a wake-up call was lost. */
const POLL_INTERVAL = 500

/**
 * The stored events of some stream types in the order of their positions, each once, without end. While a caller's open
 * transaction keeps the order open it waits, and a database that is away is waited for.
 */
export async function* followEvents(
  following: Following,
  { streamTypes, after, signal }: FollowOptions,
): AsyncGenerator<StoredEvent, void, undefined> {
  const { order, history, appends, logger, closing } = following
  const ending = signal === undefined ? closing : AbortSignal.any([signal, closing])
  const isOver = (): boolean => ending.aborted
  const waking = new Waking(ending)
  const wake = (): void => waking.wake()
  const settled = new SettledEnd({ order, history, streamTypes, logger, wake })
  const unlisten = await appends.listen(wake)
  let position = after
  try {
    while (!isOver()) {
      const read = (): Promise<Page> => nextPage(history, settled, streamTypes, position)
      const page = (await persistently(read, following, ending)) ?? { events: [], upTo: position }
      for (const event of page.events) {
        if (isOver()) break
        yield event
      }
      if (position === page.upTo) await waking.rest(POLL_INTERVAL)
      position = page.upTo
    }
  } finally {
    settled.stop()
    unlisten()
  }
  signal?.throwIfAborted()
}

interface Page {
  readonly events: readonly StoredEvent[]
  /** Up to here nothing more of these types will come. */
  readonly upTo: bigint
}

async function nextPage(
  history: EventReader,
  settled: SettledEnd,
  streamTypes: readonly string[],
  position: bigint,
): Promise<Page> {
  const end = (await settled.find()) - 1n
  if (position >= end) return { events: [], upTo: position }
  const events = await history.page(streamTypes, position, PAGE, end)
  // After the last event of a short page there are only gaps, and events of other types.
  const last = events.length < PAGE ? undefined : events.at(-1)
  return { events, upTo: last?.position ?? end }
}

const READING = {
  fails: 'the store could not be read; it will be tried again',
  over: 'the store can be read again',
}

/** Reads, again where it failed in passing; undefined when nobody waits for it any more. */
async function persistently<T>(
  read: () => Promise<T>,
  { isTransient, logger }: Pick<Following, 'isTransient' | 'logger'>,
  ending: AbortSignal,
): Promise<T | undefined> {
  const backOff = new BackOff()
  const isOver = (): boolean => ending.aborted
  const trouble = new Trouble(logger, READING)
  while (!isOver()) {
    try {
      const page = await read()
      trouble.worked()
      return page
    } catch (error) {
      if (isOver()) return undefined
      if (!isTransient(error)) throw error
      const pause = backOff.next()
      trouble.failed({ error: String(error), retryInMs: Math.round(pause) })
      await delay(pause, undefined, { signal: ending }).catch(() => undefined)
    }
  }
  return undefined
}
