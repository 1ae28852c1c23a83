import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type App, Reprise } from 'reprise'
import { appFolder, runCli } from '../support/cli.js'
import { parcels, SendParcel } from '../support/parcels.js'
import { ask, quietly, useFreshDatabases } from '../support/read-side.js'
import { waitFor } from '../support/wait-for.js'

const freshDatabase = useFreshDatabases()
let folder = ''
let url = ''

beforeAll(async () => {
  folder = await appFolder('parcels')
})
beforeEach(async () => {
  url = await freshDatabase()
})

const reprise = (args: readonly string[], environment = {}) =>
  runCli(args, { folder, environment: { DATABASE_URL: url, ...environment } })

const send = (app: App, parcelId: string, to: string) => app.execute(new SendParcel({ parcelId, to }))
const letters = () => ask(url, 'SELECT FROM reprise_read.parked_events')

/** Two letters of one parcel. */
async function lostParcel(): Promise<void> {
  await using app = await Reprise.start(parcels, quietly(url))
  await send(app, 'p', 'nowhere')
  await send(app, 'p', 'home')
  await waitFor(async () => (await letters()).length === 2, { what: 'the parcel to be parked' })
}

describe('the command line on effects', () => {
  it('lists them with the projections, of the kind effect', async () => {
    await using app = await Reprise.start(parcels, quietly(url))
    await send(app, 'p', 'home')
    await waitFor(() => app.counters.applied['couriers'] === 1, { what: 'the parcel' })

    const { stdout, exitCode } = await reprise(['projection', 'list'])
    const { stdout: json } = await reprise(['projection', 'list', '--json'])

    expect(stdout).toMatch(/\ncouriers +effect +1 +1 +- +ready +.* 1 +1 +0 +0 +- +-\n/)
    expect(exitCode).toBe(0)
    expect(JSON.parse(json)).toMatchObject({
      projections: [
        { name: 'couriers', kind: 'effect', state: 'ready', actsFrom: expect.any(String) as string },
      ],
    })
  })

  it('refuses to rebuild them, and changes nothing', async () => {
    await lostParcel()
    const before = await ask(url, 'SELECT * FROM reprise_read.checkpoints ORDER BY partition')

    const { exitCode, stderr } = await reprise(['projection', 'rebuild', 'couriers', '--yes'])

    expect(exitCode).toBe(3)
    expect(stderr).toContain(
      'couriers cannot be rebuilt: these are effects and no read model: they would act on all of history again',
    )
    expect(await ask(url, 'SELECT * FROM reprise_read.checkpoints ORDER BY partition')).toEqual(before)
  })

  it('calls them effects where a command is for projections, or a name is wrong', async () => {
    const accepted = await reprise(['projection', 'accept', 'couriers'])
    const slip = await reprise(['dlq', 'show', 'courier'])

    expect(accepted.stderr).toContain('couriers are effects, for which no build is accepted')
    expect(slip.stderr).toContain('parcels has no projection or effects "courier": did you mean couriers?')
    expect([accepted.exitCode, slip.exitCode]).toEqual([2, 2])
  })

  it('shows their dead letters, and acts on them again', async () => {
    await lostParcel()

    const { stdout: listed } = await reprise(['dlq', 'list'])
    const { stdout: shown } = await reprise(['dlq', 'show', 'couriers'])
    const failing = await reprise(['dlq', 'retry', 'couriers', '--all', '--yes'])
    const mended = await reprise(['dlq', 'retry', 'couriers', '--all', '--yes'], { COURIERS_MAP: 'yes' })

    expect(listed).toMatch(/\ncouriers +\S+ +1 +1 +1 .*Error: there is no way for parcels\.couriers/)
    expect(shown).toContain('there is no way for parcels.couriers')
    expect(failing.exitCode).toBe(4)
    expect(mended).toMatchObject({ exitCode: 0 })
    expect(mended.stdout).toContain('retried letters of couriers: 2 applied, 0 failed again, 0 left')
    expect(await letters()).toEqual([])
  })

  it('describes them, and looks after them', async () => {
    await lostParcel()

    const { stdout } = await reprise(['describe'])
    const doctor = await reprise(['doctor'])

    expect(stdout).toMatch(
      /effects couriers\n +kind +effect\n +from +parcel\n +acts on +ParcelSent\n +begins +with what is recorded from its first start on\n/,
    )
    expect(stdout).toContain('parcels.couriers:<event id>')
    expect(doctor.stdout).toMatch(/effects couriers/)
    expect(doctor.stdout).toMatch(/dead letters of couriers/)
  })
})
