import { deepStrictEqual } from 'node:assert/strict'
import fc from 'fast-check'
import {
  Aggregate,
  AggregateRoot,
  Applies,
  Command,
  defineApp,
  DomainEvent,
  Handles,
  int,
  Projection,
  Projects,
  Reprise,
  type Row,
  string,
  TableProjection,
} from 'reprise'
import { beforeEach, describe, expect, it } from 'vitest'
import { checkRecord, type Field } from '../../src/core/fields/index.js'
import { oneOfEachKind, valuesOf } from '../support/field-kinds.js'
import { quietly, useFreshDatabases } from '../support/read-side.js'

const freshDatabase = useFreshDatabases()
let url = ''
beforeEach(async () => {
  url = await freshDatabase()
})

class Filled extends DomainEvent('Filled', oneOfEachKind) {}
class Fill extends Command('Fill', { id: string(), ...oneOfEachKind })('id') {}

/** What handlers were given: events as the log brought them, rows as the table did. */
const seen: { event: Filled; row: object }[] = []

@Aggregate({ name: 'form', events: [Filled], topic: { partitions: 1 } })
class Form extends AggregateRoot<Filled> {
  @Handles(Fill, { expect: 'any' })
  fill({ id, ...values }: Fill) {
    if (id !== '') this.emit(new Filled(values))
  }

  @Applies(Filled)
  filled() {}
}

@Projection({ name: 'forms', version: 1, from: [Form] })
class Forms extends TableProjection({
  table: 'forms',
  key: 'id',
  columns: { id: string(), changes: int(0), ...oneOfEachKind },
}) {
  @Projects(Filled)
  filled(event: Filled, row: Row<typeof Forms>) {
    const { id, changes, ...before } = row
    seen.push({ event, row: before })
    for (const name of Object.keys(before)) Reflect.deleteProperty(row, name)
    Object.assign(row, event, { id, changes: changes + 1 })
  }
}

const forms = defineApp({ name: 'office', aggregates: [Form], projections: [Forms] })
const contents = fc.record(
  Object.fromEntries(
    Object.entries(oneOfEachKind as Readonly<Record<string, Field<unknown, boolean>>>).map(
      ([name, field]) => [name, valuesOf(field)],
    ),
  ),
  { noNullPrototype: true },
)

describe('a value of any kind', () => {
  it('is the same in the command, in the event of the log, and in the row that the next event finds', async () => {
    await using app = await Reprise.start(forms, quietly(url))
    let form = 0

    await fc.assert(
      fc.asyncProperty(contents, async (values) => {
        const id = `form-${form++}`
        deepStrictEqual(checkRecord(oneOfEachKind, values), [])
        const command = new Fill({ id, ...values } as never)
        seen.length = 0
        for (let times = 0; times < 2; times++)
          await app.projections.caughtUp(Forms, await app.execute(command))

        const given = Object.fromEntries(Object.entries(command).filter(([name]) => name !== 'id'))
        deepStrictEqual(
          seen.map(({ event }) => Object.fromEntries(Object.entries(event))),
          [given, given],
        )
        deepStrictEqual(seen[1]?.row, given)
      }),
      { numRuns: 40 },
    )

    const { changes } = await app.read(Forms).select('changes').limit(1).executeTakeFirstOrThrow()
    expect(changes).toBe(2)
  })
})
