import { CompiledQuery } from 'kysely'
import type { ReadTransaction } from '../../../src/subscriptions/postgres/index.js'
import type { PlantedFault } from '../planted.js'
import { subscriberThrough } from './subscriber-through.js'

/** The statement that locks rows adds those that are not there, and leaves the others unlocked. */
const withoutLocks = (tx: ReadTransaction): ReadTransaction =>
  new Proxy(tx, {
    get(target, name: keyof ReadTransaction) {
      if (name === 'executeQuery')
        return (query: CompiledQuery) =>
          target.executeQuery(CompiledQuery.raw(unlocked(query.sql), [...query.parameters]))
      const member: unknown = target[name]
      return typeof member === 'function' ? (member.bind(target) as unknown) : member
    },
  })

const unlocked = (sql: string): string => sql.replace(/DO UPDATE SET \S+ = t\.\S+ WHERE false/, 'DO NOTHING')

/**
 * A commutative projection that reads rows which others are changing: of two lanes that meet on a row, one overwrites the
 * other. The totals of a day are touched by every batch of every lane, so a busy minute without any fault is enough.
 */
export const missingRowLocks: PlantedFault = {
  name: 'missing-row-locks',
  log: 'both',
  parts: () => ({
    subscriber: (shipped, { across }) =>
      across === 'commutative'
        ? subscriberThrough(shipped, { apply: (tx, envelopes) => shipped.apply(withoutLocks(tx), envelopes) })
        : shipped,
  }),
  catches: ['I6'],
  mix: ['kill'],
}
