import { describe, expect, it } from 'vitest'
import { describeFields, fieldsText } from '../../src/app/field-description.js'
import {
  array,
  bytes,
  decimal,
  enumeration,
  long,
  map,
  optional,
  record,
  string,
} from '../../src/core/fields/index.js'

const fields = {
  owner: string(),
  side: enumeration(['credit', 'debit']),
  rates: map(decimal(12, 6)),
  lines: optional(array(record({ amount: long(), seal: optional(bytes()) }))),
}

describe('describeFields', () => {
  it('says of what the values of each field are made', () => {
    expect(describeFields(fields)).toEqual([
      { name: 'owner', kind: 'string', optional: false },
      { name: 'side', kind: 'enumeration', optional: false, values: ['credit', 'debit'] },
      { name: 'rates', kind: 'map', optional: false, element: { kind: 'decimal', precision: 12, scale: 6 } },
      {
        name: 'lines',
        kind: 'array',
        optional: true,
        element: {
          kind: 'record',
          fields: [
            { name: 'amount', kind: 'long', optional: false },
            { name: 'seal', kind: 'bytes', optional: true },
          ],
        },
      },
    ])
  })
})

describe('fieldsText', () => {
  it('says it in a line', () => {
    expect(fieldsText(describeFields(fields))).toBe(
      'owner string, side enumeration(credit|debit), rates map(decimal(12, 6)), ' +
        'lines array(record(amount long, seal bytes?))?',
    )
  })
})
