import { applyInSequence } from '../subscriptions/index.js'
import type { Generation } from './generation.js'
import type { ProjectionParts } from './projection-feed.js'

const PAGE = 1_000

/**
 * Applies the store's history to a generation that nobody feeds yet, in pages of short transactions. Events that commit
 * meanwhile may be in it or not; they reach the topic later, and the guard tells the ones that were here already.
 *
 * Tells `onPage` how many events were read after each page.
 */
export async function backfillFromStore<Tx>(
  parts: ProjectionParts<Tx>,
  generation: Generation,
  onPage: (events: number) => void,
  signal: AbortSignal,
): Promise<void> {
  const { history, checkpoints, eventTypes, streamTypes } = parts
  const subscriber = parts.subscriberFor(generation)
  let position = 0n
  for (;;) {
    signal.throwIfAborted()
    const page = await history.page(streamTypes, position, PAGE)
    const last = page.at(-1)
    if (last === undefined) return
    await checkpoints.backfill(subscriber, async (scope) => {
      await applyInSequence(scope, page, { subscriber, eventTypes, history })
    })
    position = last.position
    onPage(page.length)
  }
}
