import type { Lane } from '../lane-consumer.js'
import type { LogRecord } from '../log-record.js'

/** What the records of lanes are read from. */
export interface LaneSource {
  /** Whether offsets follow one another: then a record that is not there was deleted. Else offsets have gaps. */
  readonly dense: boolean

  /** At most `limit` records from `offset` on and before `end`, in offset order. */
  read(lane: Lane, offset: bigint, limit: number, end: bigint): Promise<readonly LogRecord[]>
}
