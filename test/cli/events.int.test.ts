import { beforeAll, describe, expect, it } from 'vitest'
import { type App, Reprise } from 'reprise'
import { appFolder, runCli, startCli } from '../support/cli.js'
import { club, Join, Leave, Member, PayFee } from '../support/club.js'
import { useDatabase } from '../support/database.js'

const database = useDatabase()
const occurred = (day: string) => ({ occurredAt: new Date(`2026-03-${day}T12:00:00Z`) })
let folder = ''
let lastRecorded = ''

const inFolder = () => ({ folder, environment: { DATABASE_URL: database.url } })
const reprise = (...args: string[]) => runCli(args, inFolder())

function startClub(): Promise<App> {
  return Reprise.start(club, { databaseUrl: database.url, log: 'postgres', logLevel: 'silent' })
}

async function document(...args: string[]): Promise<Record<string, unknown>> {
  const { stdout } = await reprise(...args, '--json')
  return JSON.parse(stdout) as Record<string, unknown>
}

beforeAll(async () => {
  folder = await appFolder('club')
  await using app = await startClub()
  await app.execute(new Join({ memberId: '1', email: 'ada@example.com' }), {
    ...occurred('01'),
    actor: 'front desk',
  })
  await app.execute(new PayFee({ memberId: '1', amount: 9_007_199_254_740_993n }), occurred('05'))
  // Recorded last, and occurred before the fee: the two times tell different stories.
  await app.execute(new PayFee({ memberId: '1', amount: 2n }), occurred('03'))
  const recorded = (await app.history(Member, '1')).map(({ recordedAt }) => recordedAt.toISOString())
  lastRecorded = recorded.at(-1) ?? ''
})

describe('reprise events show', () => {
  it('shows the history of one aggregate without losing a digit', async () => {
    expect(await document('events', 'show', 'member', '1')).toMatchObject({
      stream: 'member-1',
      at: null,
      events: [
        { version: 1, type: 'MemberJoined', metadata: { actor: 'front desk' } },
        { version: 2, payload: { amount: '9007199254740993' } },
        { version: 3, occurredAt: '2026-03-03T12:00:00.000Z', payload: { amount: '2' } },
      ],
    })
  })

  it('does not show what was reserved', async () => {
    const { stdout } = await reprise('events', 'show', 'member', '1', '--json')

    expect(stdout).toContain('MemberJoined')
    expect(stdout).not.toContain('reservations')
  })

  it('folds the state at a version, and by either time, and says which', async () => {
    const version = await document('events', 'show', 'member', '1', '--state', '--at-version', '2')
    const happened = await document(
      ...['events', 'show', 'member', '1', '--state', '--at', '2026-03-04', '--by', 'occurredAt'],
    )
    const known = await document('events', 'show', 'member', '1', '--state', '--at', lastRecorded)
    const before = await document('events', 'show', 'member', '1', '--state', '--at', '2020-01-01')

    expect(version).toMatchObject({ state: { version: 2, values: { paid: '9007199254740993' } } })
    expect(happened).toMatchObject({
      at: 'what had occurred by 2026-03-04T23:59:59.999Z (occurredAt)',
      events: [{ version: 1 }, { version: 3 }],
      state: { version: 3, leftOut: 1, values: { email: 'ada@example.com', paid: '2' } },
    })
    expect(known).toMatchObject({ state: { version: 3, values: { paid: '9007199254740995' } } })
    expect(before).toMatchObject({ events: [], state: null })
  })

  it('shows a person the same as a table', async () => {
    const { stdout } = await reprise('events', 'show', 'member', '1', '--state', '--at-version', '1')

    expect(stdout).toContain('member-1: 1 of 3 events, up to version 1')
    expect(stdout).toMatch(/VERSION\s+TYPE\s+OCCURRED/)
    expect(stdout).toContain('state after version 1')
    expect(stdout).toMatch(/paid\s+"0"/)
  })

  it('says what is wrong with what it was asked for', async () => {
    const unknown = await reprise('events', 'show', 'membre', '1')
    const missing = await reprise('events', 'show', 'member', '404')
    const both = await reprise('events', 'show', 'member', '1', '--at-version', '1', '--at', '2026-03-01')
    const noZone = await reprise('events', 'show', 'member', '1', '--at', '2026-03-01T12:00:00')
    const beyond = await reprise('events', 'show', 'member', '1', '--state', '--at-version', '9')

    expect(unknown).toMatchObject({ exitCode: 2 })
    expect(unknown.stderr).toContain('did you mean member?')
    expect(missing).toMatchObject({ exitCode: 1 })
    expect(missing.stderr).toContain('member-404')
    expect(both).toMatchObject({ exitCode: 2 })
    expect(noZone).toMatchObject({ exitCode: 2 })
    expect(beyond).toMatchObject({ exitCode: 2 })
    expect(beyond.stderr).toContain('member-1 is at version 3')
  })
})

describe('reprise events tail', () => {
  it('prints what is stored after a position, one document per line', async () => {
    const { stdout, exitCode } = await reprise('events', 'tail', '--since', '0', '--no-follow', '--json')
    const events = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>)

    expect(exitCode).toBe(0)
    expect(events).toMatchObject([
      { stream: 'member-1', version: 1, type: 'MemberJoined' },
      { version: 2, payload: { amount: '9007199254740993' } },
      { version: 3 },
    ])
  })

  it('begins at the first event, where it does not follow and no position is given', async () => {
    const { stdout, exitCode } = await reprise('events', 'tail', '--no-follow', '--json')
    const help = await reprise('events', 'tail', '--help')

    expect(exitCode).toBe(0)
    expect(stdout.trim().split('\n')).toHaveLength(3)
    expect(help.stdout.replaceAll(/\s+/g, ' ')).toContain('with --no-follow before the first event')
  })

  it('shows only the types that were asked for, and knows which there are', async () => {
    const fees = await reprise('events', 'tail', '--since', '0', '--no-follow', '--type', 'FeePaid')
    const typo = await reprise('events', 'tail', '--type', 'FeePayed')

    expect(fees.stdout.trim().split('\n')).toHaveLength(2)
    expect(typo).toMatchObject({ exitCode: 2 })
    expect(typo.stderr).toContain('did you mean FeePaid?')
  })

  it('follows what other processes store until it is interrupted', async () => {
    const tail = await startCli(['events', 'tail', '--since', '0'], inFolder())
    await tail.prints('MemberJoined')
    await using app = await startClub()
    await app.execute(new Leave({ memberId: '1', reason: 'moved away' }))
    await tail.prints('moved away')
    tail.signal('SIGINT')

    expect(await tail.ended).toMatchObject({ exitCode: 130 })
  })
})
