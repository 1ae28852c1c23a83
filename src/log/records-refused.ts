import { counted } from '../core/counted.js'
import type { OutgoingRecord } from './log-record.js'

/** A record that a log does not take, however often it is sent, and why. */
export interface Refusal {
  readonly record: OutgoingRecord
  readonly reason: string
}

/** Why a record is refused whose event is gone. Only a damaged store gets there: events are immutable. */
export const EVENT_MISSING = 'the store has no event at its position'

/**
 * Some records were refused for themselves: too large, invalid, impossible to encode. The others are not to blame. Sending
 * the refused ones again is of no use before something is changed, such as `max.message.bytes` of their topic.
 *
 * @example
 * const reasonsOf = (error: unknown): readonly string[] =>
 *   error instanceof RecordsRefused ? error.refusals.map(({ record, reason }) => `${record.key}: ${reason}`) : []
 */
export class RecordsRefused extends Error {
  /** In the order of the batch; of one topic and key the first only, behind which the others were held back. */
  readonly refusals: readonly Refusal[]

  /** Records of the batch that are durable in their topics all the same. */
  readonly published: readonly OutgoingRecord[]

  constructor(refusals: readonly Refusal[], published: readonly OutgoingRecord[]) {
    super(
      `${counted(refusals.length, 'record was', 'records were')} refused, the first because ${refusals[0]?.reason ?? ''}`,
    )
    this.refusals = refusals
    this.published = published
  }
}
