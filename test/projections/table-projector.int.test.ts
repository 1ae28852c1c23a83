import fc from 'fast-check'
import type { Pool } from 'pg'
import { beforeAll, describe, expect, it } from 'vitest'
import {
  DomainEvent,
  int,
  long,
  Projection,
  type ProjectionClass,
  Projects,
  type Row,
  string,
  TableProjection,
} from 'reprise'
import type { Envelope } from '../../src/core/envelope.js'
import type { EventInstance } from '../../src/core/event.js'
import { Account } from '../support/bank.js'
import { oneOfEachKind, valuesOf } from '../support/field-kinds.js'
import { envelopes, Folding, tableModelOf } from '../support/folding.js'
import { Gate } from '../support/gate.js'
import { waitingForLocks } from '../support/store-facts.js'
import { waitFor } from '../support/wait-for.js'
import { useMigratedDatabase } from '../support/write-side.js'

class Moved extends DomainEvent('Moved', { pot: string(), amount: long() }) {}
class Emptied extends DomainEvent('Emptied', { pot: string() }) {}

/** Sums by pot. Adding to a sum commutes; emptying does not, and is for those who keep an order. */
function potsOf(across: 'commutative' | 'ordered'): ProjectionClass {
  @Projection({
    name: 'pots',
    version: 1,
    from: [Account],
    key: (event: object) => ('pot' in event ? String(event.pot) : ''),
    across,
  })
  class Pots extends TableProjection({
    table: 'pots',
    key: 'pot',
    columns: { pot: string(), total: long(0n), moves: int(0), last: long() },
  }) {
    @Projects(Moved)
    moved({ amount }: Moved, row: Row<typeof Pots>) {
      row.total += amount
      row.moves += 1
      row.last = amount
      // A sum that is not there is 0, so that this commutes as well.
      return across === 'commutative' && row.total === 0n ? null : undefined
    }

    @Projects(Emptied)
    emptied() {
      return null
    }
  }
  return Pots
}

const move = (pot: string, amount: bigint) => new Moved({ pot, amount })

describe.each([18, 15] as const)('TableProjector on Postgres %i', (server) => {
  const database = useMigratedDatabase({ server })
  let pool: Pool
  beforeAll(() => {
    pool = database.connect(12)
  })

  const rowsOf = async (folding: Folding, columns = 'total::int'): Promise<Record<string, number>> => {
    const { rows } = await pool.query<{ pot: string; value: number }>(
      `SELECT pot, ${columns} AS value FROM ${folding.table} ORDER BY pot`,
    )
    return Object.fromEntries(rows.map(({ pot, value }) => [pot, value]))
  }

  describe.each(['ordered', 'commutative'] as const)('of rows by another key, %s', (across) => {
    it('creates, changes and deletes rows as the fold of all events does, however they are cut into batches', async () => {
      const model = tableModelOf(potsOf(across))
      const step = fc.record({
        pot: fc.constantFrom('a', 'b', 'c'),
        amount: fc.constantFrom(-2n, -1n, 1n, 2n, 3n),
        empties: fc.nat(3).map((it) => it === 0),
      })
      const batches = fc.array(fc.array(step, { minLength: 1, maxLength: 6 }), { maxLength: 8 })

      await fc.assert(
        fc.asyncProperty(batches, async (cut) => {
          const folding = await Folding.into(pool, model)
          const projector = folding.projector()
          const envelope = envelopes()
          const expected: Record<string, number> = {}
          for (const batch of cut) {
            const events = batch.map(({ pot, amount, empties }) => {
              const total = (expected[pot] ?? 0) + Number(amount)
              if (empties || (across === 'commutative' && total === 0)) Reflect.deleteProperty(expected, pot)
              else expected[pot] = total
              return envelope(empties ? new Emptied({ pot }) : move(pot, amount))
            })
            folding.statements.length = 0
            await folding.apply(events, projector)
            expect(folding.statements.filter((it) => it.includes('excluded'))).toHaveLength(
              events.some(({ event }) => 'pot' in event && expected[String(event.pot)] !== undefined) ? 1 : 0,
            )
            expect(folding.statements.filter((it) => it.includes('DELETE')).length).toBeLessThan(2)
            expect(await rowsOf(folding)).toEqual(expected)
          }
        }),
        { numRuns: 40 },
      )
    })

    it('writes nothing for a row that was made and deleted in one batch', async () => {
      const folding = await Folding.into(pool, tableModelOf(potsOf(across)))
      const envelope = envelopes()

      await folding.apply([envelope(move('a', 1n)), envelope(new Emptied({ pot: 'a' }))])

      expect(folding.statements.some((it) => it.includes('excluded'))).toBe(false)
      expect(await rowsOf(folding)).toEqual({})
    })
  })

  describe('of rows in which lanes meet', () => {
    const model = tableModelOf(potsOf('commutative'))

    /** Has two batches in their transactions at the same time, both before they have written the row. */
    async function meet(
      folding: Folding,
      projectors: readonly [ReturnType<Folding['projector']>, ReturnType<Folding['projector']>],
      events: readonly (readonly Envelope<EventInstance>[])[],
    ): Promise<void> {
      const holder = await pool.connect()
      try {
        await holder.query('BEGIN')
        await holder.query(`SELECT FROM ${folding.table} FOR UPDATE`)
        const batches = projectors.map((projector, index) => folding.apply(events[index] ?? [], projector))
        await waitFor(async () => (await waitingForLocks(database.pool)) === 2, { what: 'both to wait' })
        await holder.query('COMMIT')
        await Promise.all(batches)
      } finally {
        holder.release()
      }
    }

    it('loses nothing, where reading, folding and writing would', async () => {
      const envelope = envelopes()
      const outcome = async (naively: boolean): Promise<Record<string, number>> => {
        const folding = await Folding.into(pool, model)
        await folding.apply([envelope(move('a', 100n))])
        const as = naively ? { ...model, across: undefined } : model
        const events = [[envelope(move('a', 1n), 'one')], [envelope(move('a', 10n), 'two')]]
        await meet(folding, [folding.projector(as), folding.projector(as)], events)
        return rowsOf(folding)
      }

      expect(await outcome(false)).toEqual({ a: 111 })
      expect((await outcome(true))['a']).not.toBe(111)
    })

    it('takes a row that was deleted while it waited for one that is not there', async () => {
      const envelope = envelopes()
      const folding = await Folding.into(pool, model)
      await folding.apply([envelope(move('a', 5n))])
      const events = [[envelope(move('a', -5n), 'one')], [envelope(move('a', 7n), 'two')]]

      await meet(folding, [folding.projector(), folding.projector()], events)

      // In either order: 5 − 5, gone, + 7; or 5 + 7 − 5.
      expect(await rowsOf(folding)).toEqual({ a: 7 })
    })

    it('makes a row once that two batches meet in first', async () => {
      const envelope = envelopes()
      const folding = await Folding.into(pool, model)
      const [entered, opened] = [new Gate(), new Gate()]

      const first = folding.apply([envelope(move('a', 1n), 'one')], folding.projector(), async (tx) => {
        await folding.projector().apply(tx, [envelope(move('a', 10n), 'one')])
        entered.open()
        await opened.opened
      })
      await entered.opened
      const second = folding.apply([envelope(move('a', 100n), 'two')])
      await waitFor(async () => (await waitingForLocks(database.pool)) === 1, { what: 'the second to wait' })
      opened.open()
      await Promise.all([first, second])

      expect(await rowsOf(folding)).toEqual({ a: 111 })
    })

    it('never deadlocks, in whatever order events name rows, and keeps every one of them', async () => {
      const envelope = envelopes()
      const folding = await Folding.into(pool, model)
      const names = ['d', 'a', 'c', 'b', 'ä', 'Z', '10', '9']
      const lanes = Array.from({ length: 4 }, (_, lane) => ({ lane, projector: folding.projector() }))

      await Promise.all(
        lanes.map(async ({ lane, projector }) => {
          for (let round = 0; round < 40; round++) {
            const order = (lane + round) % 2 === 0 ? names : names.toReversed()
            const from = (lane * 3 + round) % names.length
            const touched = [...order.slice(from), ...order.slice(0, from)].slice(0, 5)
            await folding.apply(
              touched.map((pot) => envelope(move(pot, 1n), `lane-${lane}`)),
              projector,
            )
          }
        }),
      )

      const totals = await rowsOf(folding)
      expect(Object.values(totals).reduce((sum, total) => sum + total, 0)).toBe(4 * 40 * 5)
      expect(await rowsOf(folding, 'moves')).toEqual(totals)
    })

    it('locks rows that are there without writing them', async () => {
      const envelope = envelopes()
      const folding = await Folding.into(pool, model)
      await folding.apply([envelope(move('a', 1n))])
      const version = async () =>
        (await pool.query<{ place: string }>(`SELECT ctid::text AS place FROM ${folding.table}`)).rows

      const before = await version()
      const failing = {
        ...model,
        handlers: new Map([...model.handlers].map(([type, it]) => [type, { ...it, run: stop }])),
      }
      await expect(folding.apply([envelope(move('a', 1n))], folding.projector(failing))).rejects.toThrow(
        'stop',
      )
      // A new row takes two places, one for its lock and one for itself: the next ones, if no version was written.
      await folding.apply([envelope(move('b', 1n))])

      expect(await version()).toEqual([...before, { place: '(0,4)' }])
    })
  })

  it('has a place for a new row of every type of column', async () => {
    const values = fc.sample(
      fc.record(Object.fromEntries(Object.entries(oneOfEachKind).map(([name, it]) => [name, valuesOf(it)]))),
      1,
    )[0]
    @Projection({ name: 'kinds', version: 1, from: [Account], key: () => 'row', across: 'commutative' })
    class Kinds extends TableProjection({
      table: 'kinds',
      key: 'id',
      columns: { id: string(), changes: int(0), ...oneOfEachKind },
    }) {
      @Projects(Moved)
      moved(_: Moved, row: Row<typeof Kinds>) {
        row.changes += 1
        Object.assign(row, values)
      }
    }
    const envelope = envelopes()
    const folding = await Folding.into(pool, tableModelOf(Kinds))

    await Promise.all([1, 2, 3].map((lane) => folding.apply([envelope(move('a', 1n), `lane-${lane}`)])))

    const { rows } = await pool.query<{ changes: number }>(`SELECT changes FROM ${folding.table}`)
    expect(rows).toEqual([{ changes: 3 }])
  })
})

function stop(): never {
  throw new Error('stop')
}
