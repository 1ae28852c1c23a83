import type { StoredEvent } from '../core/envelope.js'
import { ProjectionStopped } from '../core/errors/index.js'
import { streamName } from '../core/stream.js'
import { applyInSequence, HandlerFailed, isTransientFailure } from '../subscriptions/index.js'
import type { Generation } from './generation.js'
import type { ProjectionParts } from './projection-feed.js'

const PAGE = 1_000

/**
 * Applies the store's history to a generation that nobody feeds yet, in pages of short transactions. Events that commit
 * meanwhile may be in it or not; they reach the topic later, and the guard tells the ones that were here already.
 *
 * Tells `onPage` how many events were read after each page.
 *
 * @throws {@link ProjectionStopped} when an event could not be applied
 */
export async function backfillFromStore<Tx>(
  parts: ProjectionParts<Tx>,
  generation: Generation,
  onPage: (events: number) => void,
  signal: AbortSignal,
): Promise<void> {
  const { history, streamTypes } = parts
  let position = 0n
  for (;;) {
    signal.throwIfAborted()
    const page = await history.page(streamTypes, position, PAGE)
    const last = page.at(-1)
    if (last === undefined) return
    await applyPage(parts, generation, page)
    position = last.position
    onPage(page.length)
    // What is stored from now on reaches the topic behind the end that was taken first: running after it would not end.
    if (page.length < PAGE) return
  }
}

async function applyPage<Tx>(
  { checkpoints, eventTypes, history, logger, isTransient, subscriberFor }: ProjectionParts<Tx>,
  generation: Generation,
  page: readonly StoredEvent[],
): Promise<void> {
  const subscriber = subscriberFor(generation)
  try {
    await checkpoints.backfill(subscriber, async (scope) => {
      await applyInSequence(scope, page, { subscriber, eventTypes, history, logger })
    })
  } catch (error) {
    if (isTransientFailure(error, isTransient)) throw error
    throw new ProjectionStopped(generation.projection, undefined, named(error))
  }
}

/** A handler's own words do not say which event it was. */
function named(error: unknown): unknown {
  if (!(error instanceof HandlerFailed)) return error
  const { eventId, type, version, stream } = error.envelope
  const event = `event ${eventId} (${type}, version ${version} of ${streamName(stream)})`
  return new Error(`${event}, read from the store: ${error.message}`, { cause: error })
}
