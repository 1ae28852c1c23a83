import type { Contract, ContractRecord, ForeignEvent, ReadForeign } from '../core/contract.js'
import type { Metadata, StoredEvent } from '../core/envelope.js'
import { textProblem } from '../core/fields/string.js'
import { timestamp } from '../core/fields/timestamp.js'
import { streamIdProblem } from '../core/stream.js'
import { isStorableText } from '../core/text.js'
import { MAXIMUM_BYTES, readCloudEvent, readPlainJson } from './cloud-event.js'
import { requireSafeObject, requireSize } from './json-payload.js'

/** An index of Postgres takes no longer ones, beside the other columns. */
const LONGEST_ID = 1_024
/** Stands for bytes that are no UTF-8: keys that differ can look alike with it. */
const REPLACED = '\uFFFD'

const utf8 = new TextEncoder()

/** An event of a foreign producer, as far as it can have what a stored event has. */
export type ReceivedForeignEvent = Omit<StoredEvent, 'position'>

/**
 * Reads the records of a foreign producer; the answer is undefined for one that the contract's `read` passes by. Throws
 * what is wrong with a record.
 *
 * What such an event lacks is filled in: its version is 0, as nobody numbered it; an id that is missing is its place in
 * the topic; the stream is the contract's name with its subject, or with its key where it says none; it came of itself.
 */
export function foreignEvents(
  contract: Contract,
): (record: ContractRecord) => ReceivedForeignEvent | undefined {
  const read = contract.read ?? defaultReader(contract)
  const needsId = typeof contract.guard === 'object'
  return (record) => {
    requireSize(record.value, MAXIMUM_BYTES)
    const event: unknown = read(record)
    return event === undefined ? undefined : completed(contract.name, record, checked(event, needsId))
  }
}

/** CloudEvents; and plain JSON, where the contract leaves no doubt what it stands for. */
function defaultReader({ events }: Contract): ReadForeign {
  const [only, second] = events
  return (record) => {
    if (Object.hasOwn(record.headers, 'ce_specversion')) return readCloudEvent(record)
    if (only !== undefined && second === undefined) return readPlainJson(record, only.type)
    throw new Error(
      'it is no CloudEvent in binary mode, and the contract has several events: give the contract a read',
    )
  }
}

/** What JavaScript may have answered, all of its faults at once. */
function checked(event: unknown, needsId: boolean): ForeignEvent {
  if (event instanceof Promise) throw new Error('the read of its contract must be synchronous')
  if (typeof event !== 'object' || event === null)
    throw new Error('the read of its contract must answer an event, or undefined')
  const { type, id, subject, time } = event as Partial<Record<keyof ForeignEvent, unknown>>
  const faults = [
    fault('type', textProblem(type)),
    fault('id', id === undefined && !needsId ? undefined : idProblem(id)),
    fault(
      'subject',
      subject === undefined ? undefined : (textProblem(subject) ?? streamIdProblem(subject as string)),
    ),
    ...(time === undefined
      ? []
      : timestamp()
          .check(time, 'time')
          .map(({ path, problem }) => `${path} ${problem}`)),
  ].filter((it) => it !== undefined)
  if (faults.length > 0) throw new Error(faults.map((it) => `its ${it}`).join('; '))
  return event as ForeignEvent
}

const fault = (name: string, problem: string | undefined): string | undefined =>
  problem === undefined ? undefined : `${name} ${problem}`

function idProblem(id: unknown): string | undefined {
  const problem = textProblem(id)
  if (problem !== undefined) return problem
  const { length } = utf8.encode(id as string)
  return length === 0 || length > LONGEST_ID ? `must have 1 to ${LONGEST_ID} bytes` : undefined
}

function completed(
  name: string,
  record: ContractRecord,
  { type, id, subject, data, time }: ForeignEvent,
): ReceivedForeignEvent {
  const { topic, partition, offset, timestamp: recordedAt } = record
  const eventId = id ?? `${topic}/${partition}@${offset.toString()}`
  return {
    eventId,
    stream: { type: name, id: subject ?? streamIdIn(record.key) },
    version: 0,
    type,
    schemaVersion: 1,
    payload: payloadOf(data),
    metadata: metadataOf(record, eventId),
    occurredAt: time ?? recordedAt,
    recordedAt,
  }
}

/** A record without a key belongs to no stream: its id is empty then. */
function streamIdIn(key: string): string {
  if (key.includes(REPLACED))
    throw new Error('its key is no UTF-8: let the read of its contract give a subject')
  const problem = key === '' ? undefined : streamIdProblem(key)
  if (problem !== undefined) throw new Error(`its key ${problem}`)
  return key
}

function payloadOf(data: unknown): string {
  const text = JSON.stringify(data) as string | undefined
  if (text === undefined) throw new Error('its data must be JSON')
  requireSafeObject(text)
  return text
}

/** What CloudEvents knows of it; else the event stands for itself. */
function metadataOf({ headers }: ContractRecord, eventId: string): Metadata {
  const traceparent = textIn(headers, 'traceparent')
  return {
    commandId: eventId,
    correlationId: textIn(headers, 'ce_correlationid') ?? eventId,
    causationId: textIn(headers, 'ce_causationid') ?? eventId,
    ...(traceparent === undefined ? {} : { traceparent }),
  }
}

function textIn(headers: ContractRecord['headers'], name: string): string | undefined {
  const text = Object.hasOwn(headers, name) ? headers[name] : undefined
  return text !== undefined && isStorableText(text) ? text : undefined
}
