import { describe, expect, it } from 'vitest'
import type { AppDefinition } from 'reprise'
import type { SnapshotFacts } from '../../src/aggregates/aggregate-model.js'
import { Gate } from '../support/gate.js'
import { uniqueName } from '../support/kafka.js'
import { RecordingLogger } from '../support/recording-logger.js'
import { countOf, eventsIn } from '../support/store-facts.js'
import { CountTill, PayIn, PayOut, tillsWith } from '../support/tills.js'
import { within } from '../support/within-transaction.js'
import { schemas, useMigratedDatabase, type WriteSide } from '../support/write-side.js'

describe.each([18, 15] as const)('snapshots on Postgres %i', (server) => {
  const database = useMigratedDatabase({ server })
  const every2 = tillsWith({ snapshots: { every: 2 } })

  const sideOf = (app: AppDefinition) => {
    const logger = new RecordingLogger()
    return { ...database.writeSide({ app, logger }), logger }
  }
  const payIn = (side: WriteSide, tillId: string, amount: bigint) =>
    side.bus.execute(new PayIn({ tillId, amount }))

  /** What a fresh process takes the till for: stored by the till itself. */
  const counted = async (app: AppDefinition, tillId: string) => {
    const side = sideOf(app)
    await side.bus.execute(new CountTill({ tillId }))
    await side.bus.idle()
    const { payload } = (await eventsIn(database.pool, tillId)).at(-1) ?? {}
    return { payload, warnings: side.logger.at('warn') }
  }

  const snapshotOf = async (tillId: string) => {
    const { rows } = await database.pool.query<{ version: bigint; state_version: number; state: unknown }>(
      `SELECT version, state_version, state FROM ${schemas.store}.snapshots WHERE stream_id = $1`,
      [tillId],
    )
    return rows[0] && { ...rows[0], version: Number(rows[0].version) }
  }

  /** Changes the till's snapshot so that whoever believes it is found out. */
  const spoil = (tillId: string, change: string) =>
    database.pool.query(`UPDATE ${schemas.store}.snapshots SET ${change} WHERE stream_id = '${tillId}'`)

  const tillWithThree = async (app = every2) => {
    const tillId = uniqueName('till')
    const side = sideOf(app)
    for (const amount of [5n, 7n, 9n]) await payIn(side, tillId, amount)
    await side.bus.idle()
    return tillId
  }

  it('are taken every so many events, and loaded with the events after them', async () => {
    const tillId = await tillWithThree()
    expect(await snapshotOf(tillId)).toMatchObject({
      version: 2,
      state_version: 1,
      state: { values: { cash: '12', movements: '2' } },
    })
    // A state that its events did not make shows that it is the snapshot which was read.
    await spoil(tillId, `state = jsonb_set(state, '{values,cash}', '"1000"')`)

    const { payload, warnings } = await counted(every2, tillId)

    expect(payload).toEqual({ cash: '1009', movements: '3' })
    expect(warnings).toEqual([])
  })

  it('are taken when the policy says so, which is told the version and the events since the last one', async () => {
    const facts: SnapshotFacts[] = []
    const app = tillsWith({
      snapshots: (told) => {
        facts.push(told)
        return told.version === 2
      },
    })
    const tillId = await tillWithThree(app)

    expect(facts).toEqual([
      { version: 1, eventsSince: 1 },
      { version: 2, eventsSince: 2 },
      { version: 3, eventsSince: 1 },
    ])
    expect((await snapshotOf(tillId))?.version).toBe(2)
    facts.length = 0
    await counted(app, tillId)
    expect(facts).toEqual([{ version: 4, eventsSince: 2 }])
  })

  it('are not taken of aggregates that want none', async () => {
    expect(await snapshotOf(await tillWithThree(tillsWith()))).toBeUndefined()
  })

  it('of another version of the state are ignored, and replaced in time', async () => {
    const tillId = await tillWithThree()
    await spoil(tillId, `state = jsonb_set(state, '{values,cash}', '"1000"')`)
    const raised = tillsWith({ snapshots: { every: 2 }, stateVersion: 2 })

    const { payload, warnings } = await counted(raised, tillId)

    expect(payload).toEqual({ cash: '21', movements: '3' })
    expect(warnings).toEqual([])
    expect(await snapshotOf(tillId)).toMatchObject({ version: 4, state_version: 2 })
  })

  it.each([
    ['of other fields', `state = jsonb_set(state, '{shape}', '"another"')`],
    ['that lack a value', `state = state #- '{values,cash}'`],
    ['with values that do not fit', `state = jsonb_set(state, '{values,cash}', 'true')`],
    ['that are no state at all', `state = '[]'`],
  ])('%s are done without, with a warning', async (_, change) => {
    const tillId = await tillWithThree()
    await spoil(tillId, change)

    const { payload, warnings } = await counted(every2, tillId)

    expect(payload).toEqual({ cash: '21', movements: '3' })
    expect(warnings).toMatchObject([{ facts: { stream: `till-${tillId}`, version: 2 } }])
  })

  it('beyond the end of their stream are not believed', async () => {
    const tillId = await tillWithThree()
    await spoil(tillId, 'version = 9')

    expect((await counted(every2, tillId)).payload).toEqual({ cash: '21', movements: '3' })
  })

  it('that cannot be read or written fail no command', async () => {
    const tillId = await tillWithThree()
    await database.pool.query(`ALTER TABLE ${schemas.store}.snapshots RENAME TO hidden`)
    const side = sideOf(every2)
    try {
      for (let round = 0; round < 3; round++) await payIn(side, tillId, 1n)
      await side.bus.idle()
    } finally {
      await database.pool.query(`ALTER TABLE ${schemas.store}.hidden RENAME TO snapshots`)
    }

    expect((await counted(every2, tillId)).payload).toEqual({ cash: '24', movements: '6' })
    expect(side.logger.at('warn').map(({ message }) => message)).toEqual([
      'no snapshot could be read: the whole history is read instead',
      'a snapshot is not written',
      'a snapshot is not written',
    ])
  })

  it('of a state that is not restored as it was told are not written', async () => {
    const tillId = uniqueName('till')
    const side = sideOf(tillsWith({ snapshots: { every: 1 }, forgetful: true }))

    await payIn(side, tillId, 5n)
    await side.bus.idle()

    expect(await snapshotOf(tillId)).toBeUndefined()
    expect(side.logger.at('warn')).toMatchObject([
      { facts: { error: 'Error: restore() of Till gives another state than state() told' } },
    ])
  })

  it('fail no command when their policy throws', async () => {
    const side = sideOf(
      tillsWith({
        snapshots: () => {
          throw new Error('no idea')
        },
      }),
    )

    expect((await payIn(side, uniqueName('till'), 5n)).version).toBe(1)
    expect(side.logger.at('warn')).toHaveLength(1)
  })

  it('are read as a transaction of the caller sees its stream, and none is taken of what it may undo', async () => {
    const tillId = await tillWithThree()
    const side = sideOf(every2)

    const undone = within(side.pool, 'pg client', async ({ tx }) => {
      for (let round = 0; round < 4; round++)
        await side.bus.execute(new PayIn({ tillId, amount: 1n }), { tx })
      await side.bus.execute(new PayOut({ tillId, amount: 25n }), { tx })
      throw new Error('undone')
    })
    await expect(undone).rejects.toThrow('undone')
    await side.bus.idle()

    expect((await snapshotOf(tillId))?.version).toBe(2)
    expect((await counted(every2, tillId)).payload).toEqual({ cash: '21', movements: '3' })
  })
})

describe('the writing of snapshots', () => {
  const database = useMigratedDatabase()

  it('keeps no command waiting, is bounded, and writes the newest of a stream only', async () => {
    const side = database.writeSide({ app: tillsWith({ snapshots: { every: 1 } }) })
    const tills = Array.from({ length: 5 }, () => uniqueName('till'))
    const locked = new Gate()
    const holder = await database.pool.connect()
    await holder.query('BEGIN')
    await holder.query(`LOCK TABLE ${schemas.store}.snapshots IN SHARE MODE`)

    for (let round = 0; round < 3; round++)
      for (const tillId of tills) await side.bus.execute(new PayIn({ tillId, amount: 1n }))
    const idle = side.bus.idle().then(() => {
      locked.open()
    })
    const { rows } = await database.pool.query(
      `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
    )
    expect(rows.length).toBeLessThanOrEqual(2)
    expect(await countOf(database.pool, 'snapshots')).toBe(0)
    await holder.query('COMMIT')
    holder.release()
    await Promise.all([idle, locked.opened])

    const written = await database.pool.query<{ version: bigint }>(
      `SELECT version FROM ${schemas.store}.snapshots`,
    )
    expect(written.rows.map(({ version }) => Number(version))).toEqual([3, 3, 3, 3, 3])
  })
})
