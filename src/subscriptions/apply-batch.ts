import { type Applying, applyInSequence } from './apply-in-sequence.js'
import { applyUnnumbered } from './apply-unnumbered.js'
import type { BatchScope } from './checkpoint-store.js'
import type { MissingVersions } from './missing-versions.js'
import { ofAnotherStore } from './record-refused.js'
import { streamName } from '../core/stream.js'
import type { ReadRecord, TopicRules } from './topic-rules.js'

/**
 * Applies what the records of one topic hold inside a batch's transaction, under the rules of that topic. `missing` has
 * what was found further on of the versions that the lane waits for. Answers how many events the subscriber was given.
 */
export async function applyBatch<Tx>(
  scope: BatchScope<Tx>,
  topic: string,
  records: readonly ReadRecord[],
  { guard }: TopicRules,
  missing: MissingVersions | undefined,
  applying: Applying<Tx>,
): Promise<number> {
  const events = records.flatMap(({ event }) => (event === undefined ? [] : [event]))
  if (guard.kind !== 'versions') return applyUnnumbered(scope, topic, events, guard, applying)
  if (guard.missing === 'fetched') return applyInSequence(scope, events, applying)
  await requireOneStore(scope, records)
  return applyInSequence(scope, events, {
    ...applying,
    fetchMissing: (stream, from, to) =>
      Promise.resolve(missing?.versions(streamName(stream), from, to) ?? []),
  })
}

/** Versions count within one store: those of another one would pass for its own. A topic is about streams of one type. */
async function requireOneStore<Tx>(
  { topics }: BatchScope<Tx>,
  records: readonly ReadRecord[],
): Promise<void> {
  const first = records.find(({ event }) => event !== undefined)?.event
  if (first?.storeId === undefined) return
  const own = await topics.storeOf(first.stream.type, first.storeId)
  const other = records.find(({ event }) => event !== undefined && event.storeId !== own)
  if (other !== undefined) throw ofAnotherStore(other.record, other.event?.storeId ?? 'unknown', own)
}
