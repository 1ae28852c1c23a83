import type { StoredEvent } from '../core/envelope.js'
import { ParkingCeilingReached, ProjectionStopped } from '../core/errors/index.js'
import { streamName } from '../core/stream.js'
import { Backfilling, HandlerFailed } from '../subscriptions/index.js'
import type { Generation } from './generation.js'
import type { ProjectionParts } from './projection-feed.js'
import { storeLane } from './store-source.js'

const PAGE = 1_000

/**
 * Applies the store's history to a generation that nobody feeds yet, in pages of short transactions; an event that cannot
 * be applied is parked. Events that commit
 * meanwhile may be in it or not; they reach the topic later, and the guard tells the ones that were here already.
 *
 * Tells `onPage` how many events were read after each page.
 *
 * @throws {@link ProjectionStopped} when too many events could not be applied
 */
export async function backfillFromStore<Tx>(
  parts: ProjectionParts<Tx>,
  generation: Generation,
  onPage: (events: number) => void,
  signal: AbortSignal,
): Promise<void> {
  const { app, model, history, streamTypes, subscriberFor } = parts
  const backfilling = new Backfilling({
    ...parts,
    subscriber: subscriberFor(generation),
    attempts: model.attempts,
    lane: { topic: storeLane(app), partition: 0 },
  })
  let position = 0n
  for (;;) {
    signal.throwIfAborted()
    const page = await history.page(streamTypes, position, PAGE)
    const last = page.at(-1)
    if (last === undefined) return
    await applyPage(backfilling, generation, page)
    position = last.position
    onPage(page.length)
    // What is stored from now on reaches the topic behind the end that was taken first: running after it would not end.
    if (page.length < PAGE) return
  }
}

async function applyPage<Tx>(
  backfilling: Backfilling<Tx>,
  { projection }: Generation,
  page: readonly StoredEvent[],
): Promise<void> {
  try {
    await backfilling.apply(page)
  } catch (error) {
    if (!(error instanceof ParkingCeilingReached)) throw error
    throw new ProjectionStopped(projection, undefined, error)
  }
}

/** A handler's own words do not say which event it was. */
export function withItsEvent(error: unknown): unknown {
  if (!(error instanceof HandlerFailed)) return error
  const { eventId, type, version, stream } = error.envelope
  const event = `event ${eventId} (${type}, version ${version} of ${streamName(stream)})`
  return new Error(`${event}, read from the store: ${error.message}`, { cause: error })
}
