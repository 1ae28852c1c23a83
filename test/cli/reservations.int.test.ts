import { beforeAll, describe, expect, it } from 'vitest'
import { Reprise } from 'reprise'
import { appFolder, runCli } from '../support/cli.js'
import { club, Join, Leave } from '../support/club.js'
import { useDatabase } from '../support/database.js'
import { onServer } from '../support/test-databases.js'

const database = useDatabase()
let folder = ''

const verify = (...args: string[]) =>
  runCli(['reservations', 'verify', ...args], { folder, environment: { DATABASE_URL: database.url } })

beforeAll(async () => {
  folder = await appFolder('club')
  await using app = await Reprise.start(club, {
    databaseUrl: database.url,
    log: 'postgres',
    logLevel: 'silent',
  })
  for (const memberId of ['1', '2', '3'])
    await app.execute(new Join({ memberId, email: `${memberId}@example.com` }))
  await app.execute(new Leave({ memberId: '3', reason: 'moved away' }))
})

describe('reprise reservations verify', () => {
  it('finds nothing while the table agrees with history', async () => {
    const run = await verify()

    expect(run).toMatchObject({ exitCode: 0 })
    expect(run.stdout).toBe('2 values are held, and the table agrees with history\n')
  })

  it('exits 4 on a difference, changes nothing, and shows a person no value', async () => {
    await onServer(database.url, async (client) => {
      await client.query(`delete from reprise_store.reservations where value = '1@example.com'`)
      await client.query(
        `update reprise_store.reservations set stream_id = '9' where value = '2@example.com'`,
      )
      await client.query(
        `insert into reprise_store.reservations (scope, value, stream_type, stream_id)
         values ('email', '3@example.com', 'member', '3')`,
      )
    })
    const first = await verify()
    const second = await verify('--json')

    expect(first).toMatchObject({ exitCode: 4 })
    expect(first.stdout).toMatch(/email\s+missing\s+member-1\s+-/)
    expect(first.stdout).toMatch(/email\s+otherHolder\s+member-2\s+member-9/)
    expect(first.stdout).toMatch(/email\s+surplus\s+-\s+member-3/)
    expect(first.stdout + first.stderr).not.toContain('@example.com')
    expect(second).toMatchObject({ exitCode: 4 })
    expect(JSON.parse(second.stdout)).toMatchObject({ held: 2, differences: 3, repaired: false })
  })

  it('makes the table again from history', async () => {
    const repaired = await verify('--repair', '--json')
    const afterwards = await verify('--json')

    expect(repaired).toMatchObject({ exitCode: 0 })
    expect(JSON.parse(repaired.stdout)).toMatchObject({ differences: 3, repaired: true })
    expect(JSON.parse(afterwards.stdout)).toMatchObject({ held: 2, differences: 0 })
  })
})
