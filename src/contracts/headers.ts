import type { StoredEvent } from '../core/envelope.js'
import type { StreamRef } from '../core/stream.js'
import { isStorableText } from '../core/text.js'

export type Headers = Readonly<Record<string, string>>

/** Who writes: `service` is the app's name, and `storeId` the store whose versions these are. */
export interface Origin {
  readonly service: string
  readonly storeId: string
}

/**
 * As many digits as the largest version of any store has: CloudEvents wants sequences that sort as text, and the width
 * can never change without breaking that order within a topic.
 */
const SEQUENCE_DIGITS = 19

const sequence = /^\d{19}$/
const count = /^[1-9]\d{0,8}$/
const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/
const source = /^\/([^/]+)\/([^/]+)$/

/** A CloudEvent in binary mode, with what CloudEvents has no name for under `reprise-`. */
export function headersOf(event: StoredEvent, { service, storeId }: Origin, contentType: string): Headers {
  const { stream, metadata } = event
  return {
    id: event.eventId,
    ce_specversion: '1.0',
    ce_id: event.eventId,
    ce_source: `/${encodeURIComponent(service)}/${encodeURIComponent(stream.type)}`,
    ce_type: event.type,
    ce_time: event.occurredAt.toISOString(),
    ce_subject: stream.id,
    'content-type': contentType,
    ce_partitionkey: stream.id,
    ce_sequence: event.version.toString().padStart(SEQUENCE_DIGITS, '0'),
    ce_correlationid: metadata.correlationId,
    ce_causationid: metadata.causationId,
    ce_recordedtime: event.recordedAt.toISOString(),
    'reprise-store': storeId,
    'reprise-command': metadata.commandId,
    'reprise-schema-version': event.schemaVersion.toString(),
    ...(metadata.actor === undefined ? {} : { 'reprise-actor': metadata.actor }),
    ...(metadata.traceparent === undefined ? {} : { traceparent: metadata.traceparent }),
  }
}

/** Headers of a record that anybody may have written, read with suspicion: whatever is not as {@link headersOf} writes it throws. */
export class ReceivedHeaders {
  readonly #headers: Headers

  constructor(headers: Headers) {
    this.#headers = headers
  }

  optional(name: string): string | undefined {
    if (!Object.hasOwn(this.#headers, name)) return undefined
    const value = this.#headers[name] ?? ''
    if (!isStorableText(value)) throw new Error(`header ${name} is repeated or is no text`)
    return value
  }

  text(name: string): string {
    const value = this.optional(name)
    if (value === undefined) throw new Error(`header ${name} is missing`)
    return value
  }

  expect(name: string, expected: string): void {
    if (this.text(name) !== expected) throw new Error(`header ${name} is not ${JSON.stringify(expected)}`)
  }

  uuid(name: string): string {
    return this.#matching(name, uuid, 'a UUID in lower case')[0]
  }

  /** A number that counts from 1. */
  count(name: string): number {
    return Number(this.#matching(name, count, 'a positive whole number')[0])
  }

  version(): number {
    const version = Number(this.#matching('ce_sequence', sequence, `${SEQUENCE_DIGITS} digits`)[0])
    if (version < 1 || !Number.isSafeInteger(version))
      throw new Error('header ce_sequence is not a stream version')
    return version
  }

  time(name: string): Date {
    const text = this.text(name)
    const time = new Date(text)
    if (Number.isNaN(time.getTime()) || time.toISOString() !== text) {
      throw new Error(`header ${name} is not a time in UTC with milliseconds`)
    }
    return time
  }

  stream(): StreamRef {
    const [, , type] = this.#matching('ce_source', source, 'of the form /service/aggregate')
    return { type: decodeURIComponent(type ?? ''), id: this.text('ce_subject') }
  }

  #matching(name: string, pattern: RegExp, form: string): RegExpExecArray {
    const match = pattern.exec(this.text(name))
    if (match === null) throw new Error(`header ${name} is not ${form}`)
    return match
  }
}
