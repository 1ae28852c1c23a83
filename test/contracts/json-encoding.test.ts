import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { jsonEncoding } from '../../src/contracts/index.js'
import { EventNotReadable } from '../../src/core/errors/index.js'
import type { StoredEvent } from '../../src/core/envelope.js'
import { isStorableText } from '../../src/core/text.js'

const encoding = jsonEncoding({ service: 'banking', storeId: 'store-1' })

const deposited: StoredEvent = {
  position: 9n,
  eventId: '0192f0c8-3f7a-7000-8000-000000000001',
  stream: { type: 'account', id: '576' },
  version: 2,
  type: 'MoneyDeposited',
  schemaVersion: 1,
  payload: '{"amount": "9007199254740993"}',
  metadata: { commandId: 'c-1', correlationId: 'r-1', causationId: 'c-0', actor: 'teller 7' },
  occurredAt: new Date('1998-12-31T23:59:59.999Z'),
  recordedAt: new Date('2026-11-21T10:00:00.123Z'),
}

const text = fc.string({ unit: 'grapheme' }).filter(isStorableText)
const date = fc.date({ min: new Date('0000-01-01'), max: new Date('9999-12-31'), noInvalidDate: true })
const plain = { noNullPrototype: true } as const
const event: fc.Arbitrary<StoredEvent> = fc.record(
  {
    position: fc.bigInt({ min: 1n }),
    eventId: fc.uuid(),
    stream: fc.record({ type: text.filter((type) => type !== ''), id: text }, plain),
    version: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
    type: text,
    schemaVersion: fc.integer({ min: 1, max: 999_999_999 }),
    // No field of an event is written under this name, at any depth: a record that has it is refused.
    payload: fc
      .dictionary(text, fc.jsonValue())
      .map((fields) => JSON.stringify(fields))
      .filter((payload) => !payload.includes('__proto__')),
    metadata: fc.record(
      { commandId: text, correlationId: text, causationId: text, actor: text, traceparent: text },
      { ...plain, requiredKeys: ['commandId', 'correlationId', 'causationId'] },
    ),
    occurredAt: date,
    recordedAt: date,
  },
  plain,
)

const recordOf = (stored: StoredEvent) => ({
  key: stored.stream.id,
  timestamp: stored.recordedAt,
  ...encoding.encode(stored),
})

describe('jsonEncoding', () => {
  it('keeps reserved values out of the record: they may be personal', () => {
    const reservations = [{ kind: 'reserve', scope: 'e-mail', value: 'erika@example.org' }] as const
    const reserving = { ...deposited, metadata: { ...deposited.metadata, reservations } }

    const record = recordOf(reserving)

    expect(record).toEqual(recordOf(deposited))
    expect(encoding.decode(record).metadata).toEqual(deposited.metadata)
  })

  it('writes a CloudEvent in binary mode, with the payload as it is stored', () => {
    const { headers, value } = encoding.encode(deposited)

    expect(headers).toEqual({
      id: '0192f0c8-3f7a-7000-8000-000000000001',
      ce_specversion: '1.0',
      ce_id: '0192f0c8-3f7a-7000-8000-000000000001',
      ce_source: '/banking/account',
      ce_type: 'MoneyDeposited',
      ce_time: '1998-12-31T23:59:59.999Z',
      ce_subject: '576',
      'content-type': 'application/json',
      ce_partitionkey: '576',
      ce_sequence: '0000000000000000002',
      ce_correlationid: 'r-1',
      ce_causationid: 'c-0',
      ce_recordedtime: '2026-11-21T10:00:00.123Z',
      'reprise-store': 'store-1',
      'reprise-command': 'c-1',
      'reprise-schema-version': '1',
      'reprise-actor': 'teller 7',
    })
    expect(Buffer.from(value).toString()).toBe('{"amount": "9007199254740993"}')
  })

  it('reads back whatever it writes', () => {
    fc.assert(
      fc.property(event, (stored) => {
        const { position, ...rest } = stored
        expect({ ...encoding.decode(recordOf(stored)), position }).toStrictEqual({
          ...rest,
          position,
          storeId: 'store-1',
        })
      }),
    )
  })

  it('reads events of other stores and names their store', () => {
    const foreign = jsonEncoding({ service: 'banking', storeId: 'store-2' }).encode(deposited)

    expect(encoding.decode({ ...recordOf(deposited), ...foreign }).storeId).toBe('store-2')
  })

  it('refuses a record that lacks any one of its headers, and names it', () => {
    const { headers, ...record } = recordOf(deposited)
    for (const name of Object.keys(headers).filter((header) => header !== 'reprise-actor')) {
      const others = Object.fromEntries(Object.entries(headers).filter(([header]) => header !== name))
      expect(() => encoding.decode({ ...record, headers: others })).toThrow(
        expect.objectContaining({
          code: 'REPRISE_EVENT_NOT_READABLE',
          message: expect.stringContaining(name) as string,
        }),
      )
    }
  })

  it.each([
    ['a repeated header', { ce_type: 'MoneyDeposited\0MoneyWithdrawn' }],
    ['a repeated optional header', { 'reprise-actor': 'teller 7\0teller 8' }],
    ['two ids', { id: '0192f0c8-3f7a-7000-8000-000000000002' }],
    ['an id that is none', { ce_id: '1', id: '1' }],
    ['a structured event', { 'content-type': 'application/cloudevents+json' }],
    ['an unknown version of CloudEvents', { ce_specversion: '2.0' }],
    ['a version without padding', { ce_sequence: '2' }],
    ['version 0', { ce_sequence: '0'.repeat(19) }],
    ['a version beyond all numbers', { ce_sequence: '9'.repeat(19) }],
    ['a time without a zone', { ce_time: '1998-12-31T23:59:59.999' }],
    ['a day that does not exist', { ce_recordedtime: '2026-02-30T00:00:00.000Z' }],
    ['a source with a broken escape', { ce_source: '/banking/%E0%A4%A' }],
    ['a source without an aggregate', { ce_source: '/banking' }],
    ['a schema version that is none', { 'reprise-schema-version': '1e3' }],
    ['another partition key', { ce_partitionkey: '577' }],
  ])('refuses %s', (_what, headers) => {
    const record = recordOf(deposited)

    expect(() => encoding.decode({ ...record, headers: { ...record.headers, ...headers } })).toThrow(
      EventNotReadable,
    )
  })

  it('refuses a record under the key of another stream', () => {
    expect(() => encoding.decode({ ...recordOf(deposited), key: '577' })).toThrow(EventNotReadable)
  })

  it.each([
    ['no value', null],
    ['an empty value', ''],
    ['a value that is no JSON', '{"amount": 1'],
    ['a value that is no object', '[1]'],
    ['a null', 'null'],
    ['a byte order mark', '\uFEFF{}'],
    ['a key __proto__', '{"a": {"__proto__": {"admin": true}}}'],
    ['an escaped key __proto__', '{"__\\u0070roto__": {"admin": true}}'],
    ['a nesting without end', '['.repeat(200_000)],
    ['a deep nesting with an escape', `{"\\u0061":${'['.repeat(100_000)}${']'.repeat(100_000)}}`],
  ])('refuses %s', (_what, value) => {
    const record = { ...recordOf(deposited), value: value === null ? null : Buffer.from(value) }

    expect(() => encoding.decode(record)).toThrow(EventNotReadable)
  })

  it('refuses bytes that are not UTF-8', () => {
    expect(() => encoding.decode({ ...recordOf(deposited), value: Buffer.from([0x7b, 0xff, 0x7d]) })).toThrow(
      EventNotReadable,
    )
  })

  it('refuses a value over its limit without parsing it', () => {
    const strict = jsonEncoding({ service: 'banking', storeId: 'store-1', maximumBytes: 10 })

    expect(() => strict.decode({ ...recordOf(deposited), value: Buffer.from('{'.repeat(11)) })).toThrow(
      /11 bytes, more than 10/,
    )
  })

  it('takes a mention of __proto__ in a text for what it is', () => {
    const payload = '{"note": "__proto__"}'

    expect(encoding.decode(recordOf({ ...deposited, payload })).payload).toBe(payload)
  })

  it('throws nothing but EventNotReadable, whatever comes in', () => {
    const names = [...Object.keys(encoding.encode(deposited).headers), '__proto__', 'constructor']
    const hostile = fc.record({
      key: fc.string(),
      timestamp: fc.date({ noInvalidDate: true }),
      headers: fc.dictionary(fc.constantFrom(...names), fc.string({ unit: 'binary' })),
      value: fc.option(fc.uint8Array()),
    })
    fc.assert(
      fc.property(hostile, fc.boolean(), (record, mostlyOurs) => {
        const headers = mostlyOurs
          ? { ...encoding.encode(deposited).headers, ...record.headers }
          : record.headers
        expect(() => encoding.decode({ ...record, headers, key: mostlyOurs ? '576' : record.key })).toThrow(
          EventNotReadable,
        )
      }),
      { numRuns: 500 },
    )
  })
})
