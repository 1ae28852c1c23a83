import { randomUUID } from 'node:crypto'
import type { Chance } from '../chance.js'

/** A record of a producer that is not ours, or not in its right mind. */
export interface HostileRecord {
  readonly name: string
  readonly key: string
  readonly headers: Readonly<Record<string, string>>
  readonly value: Buffer | null
}

/** One of each kind of record that must be parked alone, by whoever reads it, while the account goes on. */
export const HOSTILE: Readonly<Record<string, (chance: Chance) => Omit<HostileRecord, 'name'>>> = {
  empty: (chance) => ({ key: account(chance), headers: {}, value: Buffer.alloc(0) }),
  nothing: (chance) => ({ key: account(chance), headers: ours(chance), value: null }),
  'three bytes': (chance) => ({ key: account(chance), headers: {}, value: Buffer.from([0, 0, 1]) }),
  'no JSON': (chance) => enveloped(chance, Buffer.from('{"amount": 1')),
  'wrong frame': (chance) =>
    enveloped(chance, Buffer.concat([Buffer.from([0, 0, 0, 0, 9]), Buffer.from('{}')])),
  'unknown type': (chance) => enveloped(chance, JSON_VALUE, { ce_type: 'AccountRobbed' }),
  'version 0': (chance) => enveloped(chance, JSON_VALUE, { ce_sequence: '0'.padStart(19, '0') }),
  'version far ahead': (chance) => enveloped(chance, JSON_VALUE, { ce_sequence: '999999'.padStart(19, '0') }),
  'wrong key': (chance) => ({ ...enveloped(chance, JSON_VALUE), key: 'somebody-else' }),
  prototype: (chance) => enveloped(chance, Buffer.from('{"__proto__": {"amount": 1}, "amount": 1}')),
  deep: (chance) => enveloped(chance, Buffer.from(`${'['.repeat(20_000)}${']'.repeat(20_000)}`)),
  'foreign headers': (chance) => ({
    key: account(chance),
    headers: { 'content-type': 'avro/binary', '\u00e4': '\u{1f4a5}', id: '7' },
    value: Buffer.from('hello'),
  }),
}

const JSON_VALUE = Buffer.from('{"amount":"1","transferId":"x","bookedOn":"2020-01-01"}')

const account = (chance: Chance): string => String(chance.between(1, 44)).padStart(3, '0')

function enveloped(
  chance: Chance,
  value: Buffer,
  headers: Readonly<Record<string, string>> = {},
): Omit<HostileRecord, 'name'> {
  const own = { ...ours(chance), ...headers }
  return { key: own['ce_subject'] ?? '', headers: own, value }
}

/** Headers as of an event of ours; but no store has such an event. */
function ours(chance: Chance): Readonly<Record<string, string>> {
  const id = randomUUID()
  const now = new Date().toISOString()
  const key = account(chance)
  return {
    id,
    ce_specversion: '1.0',
    ce_id: id,
    ce_source: '/chaos/account',
    ce_type: 'MoneyDeposited',
    ce_time: now,
    ce_subject: key,
    'content-type': 'application/json',
    ce_partitionkey: key,
    ce_sequence: String(chance.between(1, 50)).padStart(19, '0'),
    ce_correlationid: 'x',
    ce_causationid: 'x',
    ce_recordedtime: now,
    'reprise-command': 'x',
    'reprise-schema-version': '1',
  }
}
