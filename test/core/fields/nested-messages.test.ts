import { deepStrictEqual } from 'node:assert/strict'
import { describe, expect, it } from 'vitest'
import { fingerprintOf } from '../../../src/aggregates/new-events.js'
import { Command, commandToJson } from '../../../src/core/command.js'
import { DomainEvent, eventFromJson, eventToJson } from '../../../src/core/event.js'
import {
  array,
  bytes,
  decimal,
  int,
  long,
  map,
  optional,
  record,
  string,
  timestamp,
} from '../../../src/core/fields/index.js'

const order = {
  id: string(),
  lines: array(record({ sku: string(), price: decimal(10, 2), note: optional(string()) })),
  address: record({ city: string(), since: timestamp() }),
  rates: map(long()),
  labels: optional(map(array(string()))),
}
class OrderPlaced extends DomainEvent('OrderPlaced', order) {}
class PlaceOrder extends Command('PlaceOrder', order)('id') {}

const placed = () => ({
  id: '1',
  lines: [
    { sku: 'x', price: '1.50' },
    { sku: 'y', price: '0.00', note: 'gift' },
  ],
  address: { city: 'Brno', since: new Date(0) },
  rates: new Map([
    ['USD', 2n],
    ['EUR', 1n],
  ]),
})

describe('the values of an event', () => {
  const made = new OrderPlaced(placed())
  const read = eventFromJson(OrderPlaced, JSON.parse(JSON.stringify(eventToJson(made))))

  it('are the same whether it was made or read', () => {
    deepStrictEqual(read, made)
    expect(read).toStrictEqual(made)
    expect([...read.rates.keys()]).toEqual([...made.rates.keys()])
  })

  it.each([
    ['made', made],
    ['read', read],
  ])('cannot be changed once it was %s', (_, event) => {
    expect([event.lines, event.lines[0], event.address, event.rates].every(Object.isFrozen)).toBe(true)
    expect(() => (event.lines as unknown[]).push({})).toThrow(TypeError)
    expect(() => Object.assign(event.lines[0] ?? {}, { sku: 'other' })).toThrow(TypeError)
    const rates = event.rates as Map<string, bigint>
    expect(() => rates.set('CZK', 1n)).toThrow('this Map is part of an immutable value')
    expect(() => rates.delete('EUR')).toThrow(TypeError)
    expect(() => rates.clear()).toThrow(TypeError)
    expect(event.rates).toEqual(
      new Map([
        ['EUR', 1n],
        ['USD', 2n],
      ]),
    )
  })

  it('are not those that were given', () => {
    const given = placed()
    const event = new OrderPlaced(given)
    given.lines.pop()
    Object.assign(given.lines[0] ?? {}, { sku: 'other' })
    given.address.since.setTime(1)
    given.rates.clear()

    deepStrictEqual(event, made)
  })

  it('compare, spread and clone like values that are not frozen', () => {
    deepStrictEqual(
      made.rates,
      new Map([
        ['EUR', 1n],
        ['USD', 2n],
      ]),
    )
    expect(made.rates).toStrictEqual(
      new Map([
        ['USD', 2n],
        ['EUR', 1n],
      ]),
    )
    expect(made.rates).not.toEqual(new Map([['EUR', 1n]]))
    expect(new Map(made.rates).set('CZK', 3n).size).toBe(3)
    expect(structuredClone(made.rates)).toEqual(made.rates)
    expect([...made.lines, ...made.lines]).toHaveLength(4)
  })
})

describe('a command with maps and records', () => {
  it('has the same JSON and fingerprint whatever order its maps and records were made in', () => {
    const one = new PlaceOrder(placed())
    const other = new PlaceOrder({
      rates: new Map([
        ['EUR', 1n],
        ['USD', 2n],
      ]),
      address: { since: new Date(0), city: 'Brno' },
      lines: [
        { price: '1.50', sku: 'x' },
        { note: 'gift', price: '0.00', sku: 'y' },
      ],
      id: '1',
    })
    const different = new PlaceOrder({
      ...placed(),
      rates: new Map([
        ['EUR', 2n],
        ['USD', 1n],
      ]),
    })

    expect(JSON.stringify(commandToJson(one))).toBe(JSON.stringify(commandToJson(other)))
    expect(fingerprintOf([one])).toBe(fingerprintOf([other]))
    expect(fingerprintOf([one])).not.toBe(fingerprintOf([different]))
  })

  it('has the same fingerprint in a release that declares the fields of its records in another order', () => {
    const one = Command('Move', { id: string(), to: record({ x: int(), y: bytes() }) })('id')
    const other = Command('Move', { to: record({ y: bytes(), x: int() }), id: string() })('id')
    const values = { id: '1', to: { x: 1, y: Uint8Array.of(1) } }

    expect(fingerprintOf([new one(values)])).toBe(fingerprintOf([new other(values)]))
  })
})
