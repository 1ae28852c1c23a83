import { describe, expect, it } from 'vitest'
import { recordOf } from '../../../src/log/kafka/records.js'

const timeOf = (timestamp: string): string =>
  recordOf(
    { topic: 't', partition: 0 },
    { key: null, value: null, timestamp, attributes: 0, offset: '0', headers: {} },
  ).timestamp.toISOString()

describe('recordOf', () => {
  it.each([
    ['1700000000000', '2023-11-14T22:13:20.000Z'],
    ['-1', '1969-12-31T23:59:59.999Z'],
  ])('keeps the time %s of a record', (timestamp, expected) => {
    expect(timeOf(timestamp)).toBe(expected)
  })

  it.each([
    ['microseconds taken for milliseconds', '1700000000000000', '9999-12-31T23:59:59.999Z'],
    ['the greatest number there is', '9223372036854775807', '9999-12-31T23:59:59.999Z'],
    ['the least one', '-9223372036854775808', '0001-01-01T00:00:00.000Z'],
  ])('gives a time that can be stored, also of %s', (_, timestamp, expected) => {
    expect(timeOf(timestamp)).toBe(expected)
  })
})
