import { beforeAll, describe, expect, it } from 'vitest'
import { Reprise } from 'reprise'
import { appFolder, runCli } from '../support/cli.js'
import { useDatabase } from '../support/database.js'
import { CheckIn, CheckOut, hotel, RingBell } from '../support/hotel.js'

const database = useDatabase()
let folder = ''

const show = (...args: string[]) =>
  runCli(['events', 'show', ...args], { folder, environment: { DATABASE_URL: database.url } })

beforeAll(async () => {
  folder = await appFolder('hotel')
  await using app = await Reprise.start(hotel, {
    databaseUrl: database.url,
    log: 'postgres',
    logLevel: 'silent',
  })
  await app.execute(new CheckIn({ room: '7', guest: 'Ada' }))
  await app.execute(new CheckOut({ room: '7' }))
  await app.execute(new RingBell({ bell: 'desk' }))
})

describe('reprise events show --state', () => {
  it('shows a field that is absent as such', async () => {
    const told = await show('room', '7', '--state')
    const document = await show('room', '7', '--state', '--json')

    expect(told.stdout).toMatch(/state after version 2\n {2}guest {2}-\n {2}stays {2}1\n$/)
    expect(JSON.parse(document.stdout)).toMatchObject({ state: { values: { guest: null, stays: 1 } } })
  })

  it('shows the history of an aggregate that declares no state, and says that it declares none', async () => {
    const told = await show('bell', 'desk', '--state')
    const document = await show('bell', 'desk', '--state', '--json')

    expect(told.exitCode).toBe(2)
    expect(told.stdout).toContain('bell-desk: 1 of 1 event')
    expect(told.stdout).toContain('{"times":1}')
    expect(told.stderr).toMatch(
      /^error: aggregate bell declares no state that --state could show: add state: [^\n]*\n$/,
    )
    expect(document.exitCode).toBe(2)
    expect(JSON.parse(document.stdout)).not.toHaveProperty('state')
    expect(JSON.parse(document.stdout)).toMatchObject({ events: [{ type: 'BellRung' }] })
    expect(JSON.parse(document.stderr)).toMatchObject({ error: { code: 'USAGE', exitCode: 2 } })
  })

  it.each([[[]], [['--state']]])(
    'refuses a version beyond the end in words of its own, with %o',
    async (flags) => {
      const beyond = await show('room', '7', '--at-version', '9', ...flags)

      expect(beyond).toMatchObject({ exitCode: 2, stdout: '' })
      expect(beyond.stderr).toBe('error: --at-version 9 is beyond the end: room-7 is at version 2\n')
    },
  )
})
