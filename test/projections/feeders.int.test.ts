import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import { beforeEach, describe, expect, it } from 'vitest'
import { Reprise } from 'reprise'
import { projectionStatus } from '../../src/projections/projection-status.js'
import { planRebuild } from '../../src/projections/rebuild.js'
import { Balances, bank, DepositMoney } from '../support/bank.js'
import { buggy } from '../support/bank-releases.js'
import { openAccounts } from '../support/load.js'
import { ask, quietly, Reader, ReadSide, rebuildOf, useFreshDatabases } from '../support/read-side.js'
import { waitFor } from '../support/wait-for.js'

const freshDatabase = useFreshDatabases()
let url = ''
beforeEach(async () => {
  url = await freshDatabase()
})

interface FeederRow {
  readonly projection: string
  readonly generation: number
  readonly member: string
  readonly process: string
  readonly fingerprint: string
  readonly ahead: boolean
}

const feeders = () =>
  ask<FeederRow & Record<string, unknown>>(
    url,
    `SELECT projection, generation, member, process, fingerprint, expires_at > clock_timestamp() AS ahead
     FROM reprise_read.feeders ORDER BY projection, generation, since`,
  )

describe('who feeds a generation', () => {
  it('is noted with the build, for as long as it does', async () => {
    await using side = await ReadSide.open(url)
    const { fingerprint } = side.parts('balances')
    const app = await Reprise.start(bank, quietly(url))

    const [first, second, ...more] = await feeders()
    expect([first?.projection, second?.projection, more.length]).toEqual(['balances', 'statements', 0])
    expect(first).toMatchObject({
      generation: 1,
      process: `${hostname()} ${process.pid}`,
      fingerprint,
      ahead: true,
      member: second?.member,
    })
    expect((await projectionStatus(side.parts('balances'))).feeders).toMatchObject([
      { generation: 1, fingerprint, process: first?.process },
    ])

    await app.stop()
    expect(await feeders()).toEqual([])
  })

  it('stays noted beyond its lease, follows a swap, and a rebuild is noted as well', async () => {
    await using app = await Reprise.start(bank, quietly(url))
    await openAccounts(app, 2, 2)
    await using reader = await Reader.open(url)
    await reader.rows('BEGIN ISOLATION LEVEL REPEATABLE READ')
    await reader.rows('SELECT 1 FROM pg_class')
    const generations = async () =>
      (await feeders())
        .filter(({ projection, ahead }) => projection === 'balances' && ahead)
        .map((it) => it.generation)
    const [before] = await ask<{ until: Date }>(
      url,
      'SELECT max(expires_at) AS until FROM reprise_read.feeders',
    )

    const rebuilding = rebuildOf(url, 'balances')
    await waitFor(async () => String(await generations()) === '1,2', { what: 'both to be noted' })
    await waitFor(
      async () => (await ask(url, 'SELECT WHERE clock_timestamp() > $1', [before?.until])).length === 1,
      { what: 'the first lease to be over' },
    )
    expect(await generations()).toEqual([1, 2])
    await reader.rows('COMMIT')
    await rebuilding

    await waitFor(async () => String(await generations()) === '2', { what: 'the new one to be noted alone' })
    const receipt = await app.execute(new DepositMoney({ accountId: 'acc-0', amount: 1n }))
    await app.projections.caughtUp(Balances, receipt)
  })

  it('is forgotten by others when its process died', async () => {
    await using app = await Reprise.start(bank, quietly(url))
    const dead = randomUUID()
    await ask(
      url,
      `INSERT INTO reprise_read.feeders (projection, generation, member, process, fingerprint, expires_at)
       VALUES ('balances', 1, $1, 'gone 1', 'f', clock_timestamp() - interval '1 second')`,
      [dead],
    )

    await waitFor(async () => (await feeders()).every(({ member }) => member !== dead), {
      what: 'it to be gone',
    })
    expect(app.counters.applied).toMatchObject({ balances: 0 })
  })

  it('is listed by build in the plan of a rebuild, with who stops at the swap', async () => {
    await using old = await Reprise.start(buggy, quietly(url))
    await using fixed = await Reprise.start(bank, quietly(url))
    await using side = await ReadSide.open(url)
    await using other = await ReadSide.open(url, buggy)
    const name = `${hostname()} ${process.pid}`

    const { fedBy } = await planRebuild(side.parts('balances'))

    expect([...fedBy].sort((one, another) => Number(one.stopsAtSwap) - Number(another.stopsAtSwap))).toEqual([
      { fingerprint: side.parts('balances').fingerprint, processes: [name], stopsAtSwap: false },
      { fingerprint: other.parts('balances').fingerprint, processes: [name], stopsAtSwap: true },
    ])
    await old.stop()
    await fixed.stop()
    expect((await planRebuild(side.parts('balances'))).fedBy).toEqual([])
  })
})
