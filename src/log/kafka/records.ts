import type { IHeaders, KafkaMessage } from 'kafkajs'
import type { Lane } from '../lane-consumer.js'
import type { LogRecord } from '../log-record.js'

/** Stands between the values of a header that came more than once. No text of ours holds it, so no such record can be decoded. */
const REPEATED = '\0'

/** A record as the client fetched it. Keys and headers that are not UTF-8 come out with U+FFFD in them. */
export const recordOf = ({ topic, partition }: Lane, message: KafkaMessage): LogRecord => ({
  topic,
  partition,
  offset: BigInt(message.offset),
  key: message.key?.toString() ?? '',
  headers: headersOf(message.headers ?? {}),
  value: message.value,
  timestamp: new Date(Number(message.timestamp)),
})

const headersOf = (headers: IHeaders): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, textOf(value)]))

function textOf(value: IHeaders[string] | null): string {
  if (Array.isArray(value)) return value.map((one) => one.toString()).join(REPEATED)
  return value?.toString() ?? ''
}
