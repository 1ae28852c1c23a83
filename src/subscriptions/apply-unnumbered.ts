import type { Applying, UnreadEvent } from './apply-in-sequence.js'
import { applyUnparked } from './apply-unparked.js'
import type { BatchScope } from './checkpoint-store.js'
import { isGiven } from './subscriber.js'
import type { TopicGuard } from './topic-rules.js'

/**
 * Applies events of a producer that numbers nothing inside a batch's transaction, in the order of their lane, and none
 * that its guard knows. Only events that the subscriber handles are remembered and read. Answers how many it was given.
 */
export async function applyUnnumbered<Tx>(
  scope: BatchScope<Tx>,
  topic: string,
  delivered: readonly UnreadEvent[],
  guard: Exclude<TopicGuard, { kind: 'versions' }>,
  applying: Applying<Tx>,
): Promise<number> {
  const { subscriber, parks } = applying
  const handled = delivered.filter(
    (event) => isGiven(subscriber, event) || parks?.failures.has(event.eventId) === true,
  )
  const admitted =
    guard.kind === 'offsets' ? undefined : await scope.topics.admit(topic, handled, guard.window)
  const fresh = handled.filter((_event, index) => admitted?.[index] ?? true)
  return applyUnparked(scope, fresh, applying)
}
