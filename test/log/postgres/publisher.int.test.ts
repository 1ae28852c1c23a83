import { randomUUID } from 'node:crypto'
import { describe, expect, it, onTestFinished } from 'vitest'
import { type OutgoingRecord, RecordsRefused } from '../../../src/log/index.js'
import { Notifications } from '../../../src/postgres/notifications.js'
import { deposit, open } from '../../support/account-commands.js'
import { uniqueName } from '../../support/kafka.js'
import { postgresLog } from '../../support/relays.js'
import { silentLogger } from '../../support/silent-logger.js'
import { useMigratedDatabase } from '../../support/write-side.js'

const database = useMigratedDatabase()

describe('a publisher of the Postgres log', () => {
  it('refuses a record whose event the store does not have, names it, and places none of its batch', async () => {
    const notifications = new Notifications(database.pool, silentLogger)
    onTestFinished(() => notifications.close())
    const log = postgresLog(database.pool, notifications)
    const topic = uniqueName('holes')
    await log.topics.create({ name: topic, partitions: 1 })
    const side = database.writeSide()
    const account = uniqueName('account')
    await open(side, account)
    await deposit(side, account, 1n)
    const events = await side.store.load({ type: 'account', id: account })
    const stored = events.map((event): OutgoingRecord => ({ topic, key: account, event }))
    const [first] = events
    if (first === undefined) throw new Error('no event was stored')
    const lost = { topic, key: account, event: { ...first, eventId: randomUUID(), position: 987_654_321n } }

    const publishing = log.publisher().publish([...stored, lost])

    await expect(publishing).rejects.toBeInstanceOf(RecordsRefused)
    const refusal = await publishing.catch((error: unknown) => error as RecordsRefused)
    expect(refusal).toMatchObject({
      refusals: [{ record: lost, reason: 'the store has no event at its position' }],
      published: [],
    })
    expect(await log.topics.offsets(topic)).toEqual([{ partition: 0, earliest: 0n, end: 0n }])
    await log.publisher().publish(stored)
    expect(await log.topics.offsets(topic)).toEqual([{ partition: 0, earliest: 0n, end: 2n }])
  })
})
