import { describe, expect, it } from 'vitest'
import type { Snapshot } from '../../../src/core/ports/snapshot-store.js'
import { PostgresSnapshotStore } from '../../../src/aggregates/postgres/snapshot-store.js'
import { inTransaction } from '../../../src/postgres/pool.js'
import { account } from '../../support/append-requests.js'
import { uniqueName } from '../../support/kafka.js'
import { countOf } from '../../support/store-facts.js'
import { schemas, useMigratedDatabase } from '../../support/write-side.js'

describe.each([18, 15] as const)('PostgresSnapshotStore on Postgres %i', (server) => {
  const database = useMigratedDatabase({ server })

  const storeOf = () => new PostgresSnapshotStore(database.pool, schemas.store)

  const snapshotOf = (id: string, version: number, stateVersion = 1): Snapshot => ({
    stream: account(id),
    version,
    stateVersion,
    state: { balance: '9223372036854775807', tags: ['a', null], rate: 0.1, deep: { open: true } },
  })

  it('gives back what it keeps, and nothing where it keeps none', async () => {
    const snapshots = storeOf()
    const snapshot = snapshotOf(uniqueName('a'), 7)

    await snapshots.save(snapshot)

    expect(await snapshots.latest(snapshot.stream, 1)).toEqual(snapshot)
    expect(await snapshots.latest(account(uniqueName('b')), 1)).toBeUndefined()
  })

  it('keeps the newest of a stream, whatever the order in which they come', async () => {
    const snapshots = storeOf()
    const id = uniqueName('a')

    for (const version of [5, 20, 10, 20]) await snapshots.save(snapshotOf(id, version))

    expect(await snapshots.latest(account(id), 1)).toEqual(snapshotOf(id, 20))
    expect(await countOf(database.pool, 'snapshots', `stream_id = '${id}'`)).toBe(1)
  })

  it('ignores one that was made from another version of the state, and keeps the other in its place', async () => {
    const snapshots = storeOf()
    const id = uniqueName('a')
    await snapshots.save(snapshotOf(id, 20, 1))

    expect(await snapshots.latest(account(id), 2)).toBeUndefined()
    await snapshots.save(snapshotOf(id, 10, 2))

    expect(await snapshots.latest(account(id), 2)).toEqual(snapshotOf(id, 10, 2))
    expect(await snapshots.latest(account(id), 1)).toBeUndefined()
  })

  it('reads in the transaction of a caller', async () => {
    const snapshots = storeOf()
    const id = uniqueName('a')
    await snapshots.save(snapshotOf(id, 5))

    await inTransaction(database.pool, async (client) => {
      await client.query(`DELETE FROM ${schemas.store}.snapshots WHERE stream_id = $1`, [id])
      expect(await snapshots.latest(account(id), 1, client)).toBeUndefined()
      expect(await snapshots.latest(account(id), 1)).toEqual(snapshotOf(id, 5))
    })
  })
})
