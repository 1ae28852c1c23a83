import type { IHeaders, KafkaMessage } from 'kafkajs'
import type { Lane } from '../lane-consumer.js'
import type { LogRecord } from '../log-record.js'

/** Stands between the values of a header that came more than once. No text of ours holds it, so no such record can be decoded. */
const REPEATED = '\0'

const EARLIEST = Date.parse('0001-01-01T00:00:00.000Z')
const LATEST = Date.parse('9999-12-31T23:59:59.999Z')

/** A record as the client fetched it. Keys and headers that are not UTF-8 come out with U+FFFD in them. */
export const recordOf = ({ topic, partition }: Lane, message: KafkaMessage): LogRecord => ({
  topic,
  partition,
  offset: BigInt(message.offset),
  key: message.key?.toString() ?? '',
  headers: headersOf(message.headers ?? {}),
  value: message.value,
  timestamp: timeOf(message.timestamp),
})

const headersOf = (headers: IHeaders): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, textOf(value)]))

function textOf(value: IHeaders[string] | null): string {
  if (Array.isArray(value)) return value.map((one) => one.toString()).join(REPEATED)
  return value?.toString() ?? ''
}

/** Producers may write any number, and no consumer of theirs should have to stop at one that cannot be stored. */
function timeOf(milliseconds: string): Date {
  return new Date(Math.min(Math.max(Number(milliseconds), EARLIEST), LATEST))
}
