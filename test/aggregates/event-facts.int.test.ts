import { describe, expect, it } from 'vitest'
import { DepositMoney, OpenAccount } from '../support/bank.js'
import { uniqueName } from '../support/kafka.js'
import { contexts, Note, notes } from '../support/notes.js'
import { eventsIn } from '../support/store-facts.js'
import { useMigratedDatabase, type WriteSide } from '../support/write-side.js'

describe.each([18, 15] as const)('the facts of an event on Postgres %i', (server) => {
  const database = useMigratedDatabase({ server })

  it('stores correlation, causation, actor and the time of occurrence with each event', async () => {
    const now = new Date('2024-05-06T07:08:09.123Z')
    const { bus } = database.writeSide({ now: () => now })
    const account = uniqueName('metadata')
    const occurredAt = new Date('1998-12-31T00:00:00.000Z')
    await bus.execute(new OpenAccount({ accountId: account, owner: 'Ada' }), {
      commandId: `open ${account}`,
    })
    await bus.execute(new DepositMoney({ accountId: account, amount: 1n }), {
      commandId: `deposit ${account}`,
      correlationId: 'request-1',
      causationId: 'event-9',
      actor: 'grace',
      occurredAt,
    })

    const [opened, deposited] = await eventsIn(database.pool, account)

    const own = `open ${account}`
    expect(opened?.metadata).toEqual({ commandId: own, correlationId: own, causationId: own })
    expect(opened?.occurred_at).toEqual(now)
    expect(opened?.payload).toEqual({ owner: 'Ada', openedAt: now.toISOString() })
    expect(deposited?.metadata).toEqual({
      commandId: `deposit ${account}`,
      correlationId: 'request-1',
      causationId: 'event-9',
      actor: 'grace',
    })
    expect(deposited?.occurred_at).toEqual(occurredAt)
  })

  it('keeps the time of occurrence that it was given, whatever the caller does with the date afterwards', async () => {
    const { bus } = database.writeSide()
    const account = uniqueName('date')
    const occurredAt = new Date('1998-12-31T00:00:00.000Z')

    const executing = bus.execute(new OpenAccount({ accountId: account, owner: 'Ada' }), { occurredAt })
    occurredAt.setFullYear(2042)
    await executing

    expect((await eventsIn(database.pool, account))[0]?.occurred_at.getUTCFullYear()).toBe(1998)
  })

  it('gives a handler the same time, ids and actor when it decides again', async () => {
    let clock = Date.parse('2024-01-01T00:00:00.000Z')
    const stale = database.writeSide({ app: notes, now: () => new Date(clock++) })
    const notebookId = uniqueName('again')
    const note = (side: WriteSide, serial: number) =>
      side.bus.execute(new Note({ notebookId, serial }), { actor: 'grace' })
    await note(stale, 1)
    await note(database.writeSide({ app: notes }), 2)
    contexts.length = 0

    await note(stale, 3)

    expect(contexts).toHaveLength(2)
    expect(contexts[0]).toEqual(contexts[1])
    expect(contexts[0]).toMatchObject({ now: new Date('2024-01-01T00:00:00.001Z'), actor: 'grace' })
    expect(contexts[0]?.ids[0]).not.toBe(contexts[0]?.ids[1])
    const events = await eventsIn(database.pool, notebookId)
    expect(events[2]?.occurred_at).toEqual(contexts[0]?.now)
    expect(events[2]?.payload['id']).toBe(contexts[0]?.ids[0])
  })
})
