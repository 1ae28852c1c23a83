import { randomBytes, randomUUID } from 'node:crypto'
import type { LogRecord } from '../../src/log/index.js'

/** What is other than in a real record. */
type Change = (record: LogRecord) => Partial<LogRecord>

const utf8 = new TextEncoder()
/** All that a real record has, but for the id of its event: what a stranger who looked at the topic can write. */
const forged =
  (headers: Readonly<Record<string, string>> = {}, value?: string): Change =>
  (record) => {
    const id = randomUUID()
    return {
      headers: { ...record.headers, id, ce_id: id, ...headers },
      ...(value === undefined ? {} : { value: utf8.encode(value) }),
    }
  }

/** As real as strangers can make it; each bears the key of a real account. */
export const HOSTILE_RECORDS: readonly (readonly [what: string, change: Change])[] = [
  ['no value', () => ({ headers: {}, value: null })],
  ['an empty value', (record) => ({ ...forged()(record), value: new Uint8Array() })],
  ['three bytes', (record) => ({ ...forged()(record), value: new Uint8Array([0, 0, 7]) })],
  ['three bytes and nothing else', () => ({ headers: {}, value: new Uint8Array([0xff, 0x00, 0xfe]) })],
  ['five megabytes', (record) => ({ ...forged()(record), value: randomBytes(5 * 1024 * 1024) })],
  ['another framing', (record) => ({ ...forged()(record), value: new Uint8Array([0, 0, 0, 0, 7, 2, 65]) })],
  ['invalid JSON', forged({}, '{"amount":')],
  ['JSON that is no object', forged({}, '[1]')],
  ['another key', (record) => ({ ...forged()(record), key: 'somebody-else' })],
  ['no key', (record) => ({ ...forged()(record), key: '' })],
  ['a type that nobody knows', forged({ ce_type: 'AccountStolen' })],
  ['version 0', forged({ ce_sequence: '0'.repeat(19) })],
  ['a version far ahead', forged({ ce_sequence: '9007199254740991'.padStart(19, '0') })],
  ['a payload that does not fit', forged({}, '{"amount":"much"}')],
  ['__proto__', forged({}, '{"amount":"1","__proto__":{"isAdmin":true}}')],
  ['deep nesting', forged({}, `{"amount":${'['.repeat(20_000)}${']'.repeat(20_000)}}`)],
  ['deep nesting of no end', forged({}, '{"a":'.repeat(20_000))],
  ['headers of another producer', () => ({ headers: { traceparent: 'x', __TypeId__: 'com.example.Thing' } })],
  [
    'text that Postgres cannot store',
    () => ({ key: 'a\0b', headers: { 'x\0y': 'z\0\ud800', ce_id: '\0' }, value: new Uint8Array([0, 1, 2]) }),
  ],
  ['a stream of a name without end', forgedLong()],
]

function forgedLong(): Change {
  const id = 'long'.repeat(5_000)
  return (record) => ({ ...forged({ ce_subject: id, ce_partitionkey: id })(record), key: id })
}
