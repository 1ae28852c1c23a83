import type { ContractRecord, ForeignEvent } from '../core/contract.js'
import { ReceivedHeaders } from './headers.js'
import { readJsonPayload } from './json-payload.js'

/** Larger values are refused before they are parsed. */
export const MAXIMUM_BYTES = 16 * 1024 * 1024

const json = /^application\/([\w.-]+\+)?json\s*(;|$)/i
const time = /^\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(\.\d+)?([Zz]|[+-]\d{2}:\d{2})$/

/**
 * Reads a record as a CloudEvent in binary mode with JSON data: type, subject and time from the headers `ce_type`,
 * `ce_subject` and `ce_time`, and as its id `ce_source` and `ce_id` together, since ids are unique within their source
 * only. It is how a contract reads the records of a foreign producer unless it has a `read` of its own; there it serves
 * to begin with. Throws at any other record.
 *
 * @example
 * export const orders = defineContract({
 *   name: 'order',
 *   topic: 'shop.orders',
 *   events: [OrderPlaced],
 *   guard: { eventIds: '60m' },
 *   read: (record) => {
 *     const event = readCloudEvent(record)
 *     return event.type === 'shop.order.placed' ? { ...event, type: 'OrderPlaced' } : undefined
 *   },
 * })
 */
export function readCloudEvent({ headers, value }: ContractRecord): ForeignEvent {
  const received = new ReceivedHeaders(headers)
  received.expect('ce_specversion', '1.0')
  const id = received.text('ce_id')
  const source = received.optional('ce_source')
  const subject = received.optional('ce_subject')
  const occurredAt = received.optional('ce_time')
  return {
    type: received.text('ce_type'),
    id: source === undefined ? id : `${source} ${id}`,
    data: dataOf(received.optional('content-type'), value),
    ...(subject === undefined ? {} : { subject }),
    ...(occurredAt === undefined ? {} : { time: timeOf(occurredAt) }),
  }
}

/** Reads a record as plain JSON of the only type of event that its topic carries. */
export function readPlainJson({ headers, value }: ContractRecord, type: string): ForeignEvent {
  return { type, data: dataOf(new ReceivedHeaders(headers).optional('content-type'), value) }
}

function dataOf(contentType: string | undefined, value: Uint8Array | null): unknown {
  if (contentType !== undefined && !json.test(contentType))
    throw new Error(`its content-type is ${JSON.stringify(contentType.slice(0, 100))}, which is no JSON`)
  return JSON.parse(readJsonPayload(value, MAXIMUM_BYTES))
}

function timeOf(text: string): Date {
  const date = new Date(time.test(text) ? text.toUpperCase() : Number.NaN)
  if (Number.isNaN(date.getTime())) throw new Error('header ce_time is no time of RFC 3339')
  return date
}
