import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type ContractRecord,
  defineContract,
  DomainEvent,
  type ForeignEvent,
  int,
  readCloudEvent,
} from 'reprise'
import { foreignEvents } from '../../src/contracts/index.js'

class OrderPlaced extends DomainEvent('OrderPlaced', { pieces: int() }) {}
class OrderReturned extends DomainEvent('OrderReturned', { pieces: int() }) {}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const written = new Date('2026-11-21T12:00:00.000Z')

const cloudEvent: ContractRecord = {
  topic: 'shop.orders',
  partition: 2,
  offset: 7n,
  key: 'lamp',
  headers: {
    ce_specversion: '1.0',
    ce_id: '4711',
    ce_source: 'https://shop.example/orders',
    ce_type: 'OrderPlaced',
    ce_subject: 'lamp-9',
    ce_time: '2026-11-21T13:30:00.5+02:00',
    'content-type': 'application/json',
    traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
  },
  value: bytes('{"pieces": 3}'),
  timestamp: written,
}

const guard = { eventIds: 60_000 } as const
const contract = (options: { read?: (record: ContractRecord) => ForeignEvent | undefined } = {}) =>
  defineContract({
    name: 'order',
    topic: 'shop.orders',
    events: [OrderPlaced, OrderReturned],
    guard,
    ...options,
  })
const single = defineContract({
  name: 'order',
  topic: 'shop.orders',
  events: [OrderPlaced],
  guard: 'offsets',
})

const without = (...names: readonly string[]): ContractRecord => ({
  ...cloudEvent,
  headers: Object.fromEntries(Object.entries(cloudEvent.headers).filter(([name]) => !names.includes(name))),
})

describe('records of a foreign producer', () => {
  it('are CloudEvents in binary mode by default', () => {
    expect(foreignEvents(contract())(cloudEvent)).toEqual({
      eventId: 'https://shop.example/orders 4711',
      stream: { type: 'order', id: 'lamp-9' },
      version: 0,
      type: 'OrderPlaced',
      schemaVersion: 1,
      payload: '{"pieces":3}',
      metadata: {
        commandId: 'https://shop.example/orders 4711',
        correlationId: 'https://shop.example/orders 4711',
        causationId: 'https://shop.example/orders 4711',
        traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
      },
      occurredAt: new Date('2026-11-21T11:30:00.500Z'),
      recordedAt: written,
    })
  })

  it('have the id of their key and the time of the record where they do not say', () => {
    expect(foreignEvents(contract())(without('ce_subject', 'ce_time', 'content-type'))).toMatchObject({
      stream: { type: 'order', id: 'lamp' },
      occurredAt: written,
    })
  })

  it('are plain JSON where the contract has one event, known by their place', () => {
    const record = { ...cloudEvent, headers: {} }

    expect(foreignEvents(single)(record)).toMatchObject({
      type: 'OrderPlaced',
      eventId: 'shop.orders/2@7',
      stream: { id: 'lamp' },
    })
    expect(() => foreignEvents(contract())(record)).toThrow('give the contract a read')
  })

  it('need no key where events belong to no stream', () => {
    expect(foreignEvents(single)({ ...without('ce_subject'), key: '' })).toMatchObject({ stream: { id: '' } })
  })

  it.each<[string, ContractRecord, string]>([
    ['no id', without('ce_id'), 'header ce_id is missing'],
    ['no type', without('ce_type'), 'header ce_type is missing'],
    [
      'another version',
      { ...cloudEvent, headers: { ...cloudEvent.headers, ce_specversion: '0.3' } },
      'ce_specversion',
    ],
    [
      'a whole CloudEvent as its value',
      { ...cloudEvent, headers: { ...cloudEvent.headers, 'content-type': 'application/cloudevents+avro' } },
      'which is no JSON',
    ],
    [
      'an odd time',
      { ...cloudEvent, headers: { ...cloudEvent.headers, ce_time: 'yesterday' } },
      'no time of RFC 3339',
    ],
    ['no value', { ...cloudEvent, value: null }, 'it has no value'],
    ['no object', { ...cloudEvent, value: bytes('[1]') }, 'not a JSON object'],
    ['no JSON', { ...cloudEvent, value: bytes('{') }, 'JSON'],
    ['a prototype', { ...cloudEvent, value: bytes('{"__proto__": {}}') }, '__proto__'],
    ['bytes that are no text', { ...cloudEvent, value: new Uint8Array([0xff]) }, 'not valid'],
    ['a huge value', { ...cloudEvent, value: new Uint8Array(16 * 1024 * 1024 + 1) }, 'more than 16777216'],
    ['a key that is no text', { ...without('ce_subject'), key: 'a\uFFFDb' }, 'its key is no UTF-8'],
    [
      'a key that is too long',
      { ...without('ce_subject'), key: 'k'.repeat(513) },
      'must not be longer than 512',
    ],
    [
      'an id that is too long',
      { ...cloudEvent, headers: { ...cloudEvent.headers, ce_id: 'i'.repeat(1_025) } },
      'its id must have 1 to 1024 bytes',
    ],
  ])('with %s are refused', (_what, record, reason) => {
    expect(() => foreignEvents(contract())(record)).toThrow(reason)
  })

  it('throw nothing but errors, whatever comes in', () => {
    const read = foreignEvents(contract())
    const headers = fc.dictionary(
      fc.constantFrom(
        'ce_specversion',
        'ce_id',
        'ce_type',
        'ce_time',
        'ce_source',
        'ce_subject',
        'content-type',
      ),
      fc.oneof(fc.string(), fc.constantFrom('1.0', 'application/json', 'OrderPlaced')),
    )
    fc.assert(
      fc.property(headers, fc.string(), fc.option(fc.uint8Array()), (odd, key, value) => {
        try {
          read({ ...cloudEvent, headers: odd, key, value })
        } catch (error) {
          expect(error).toBeInstanceOf(Error)
        }
      }),
    )
  })
})

describe('a read of the contract itself', () => {
  it('passes a record by with undefined', () => {
    expect(foreignEvents(contract({ read: () => undefined }))(cloudEvent)).toBeUndefined()
  })

  it('can begin with what is read by default', () => {
    const read = (record: ContractRecord) => ({ ...readCloudEvent(record), type: 'OrderReturned' })

    expect(foreignEvents(contract({ read }))(cloudEvent)).toMatchObject({ type: 'OrderReturned' })
  })

  it.each<[string, unknown, string]>([
    ['nothing that is an event', null, 'must answer an event, or undefined'],
    ['a promise', Promise.resolve(undefined), 'must be synchronous'],
    [
      'no id under a guard by ids',
      { type: 'OrderPlaced', data: {} },
      'its id must be a string, not undefined',
    ],
    [
      'faults, all at once',
      { type: 7, id: '', subject: '\0', data: {}, time: new Date(Number.NaN) },
      'its type must be a string, not a number; its id must have 1 to 1024 bytes; its subject must hold neither U+0000 nor a lone surrogate; its time must be a valid Date of the years 1 to 9999',
    ],
    ['data that is no JSON', { type: 'OrderPlaced', id: '1', data: undefined }, 'its data must be JSON'],
    ['data that JSON cannot hold', { type: 'OrderPlaced', id: '1', data: { pieces: 1n } }, 'BigInt'],
  ])('is refused when it answers %s', (_what, answer, reason) => {
    expect(() => foreignEvents(contract({ read: () => answer as never }))(cloudEvent)).toThrow(reason)
  })

  it('is for producers that number nothing', () => {
    const numbered = { name: 'order', topic: 'shop.orders', events: [OrderPlaced], read: () => undefined }

    expect(defineContract(numbered).faults).toEqual([
      `contract order: read is for producers that number nothing: say guard: { eventIds } or 'offsets' with it`,
    ])
  })
})
