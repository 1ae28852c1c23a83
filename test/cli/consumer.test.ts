import { beforeAll, describe, expect, it } from 'vitest'
import type { Check } from '../../src/app/doctor/check.js'
import { appFolder, runCli } from '../support/cli.js'

let folder = ''

beforeAll(async () => {
  folder = await appFolder('watch')
})

describe('the command line of a service that only consumes', () => {
  it.each([
    ['events tail', ['events', 'tail', '--no-follow']],
    ['reservations verify', ['reservations', 'verify']],
  ])('says to %s that there is no store, and asks for no migration of one', async (_, args) => {
    const run = await runCli(args, { folder })

    expect(run).toMatchObject({ exitCode: 2, stdout: '' })
    expect(run.stderr).toBe(
      'error: watch only consumes: it has no store, and so no events and no reservations\n',
    )
  })

  it('says to doctor which setting it lacks, as a finding', async () => {
    const environment = { DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none' }
    const { exitCode, stdout } = await runCli(['doctor', '--json'], { folder, environment })
    const { checks } = JSON.parse(stdout) as { checks: readonly Check[] }

    expect(exitCode).toBe(4)
    expect(checks.find(({ check }) => check === 'Kafka')).toMatchObject({
      state: 'problem',
      fact: expect.stringContaining('KAFKA_BROKERS must be set') as string,
      remedy: 'correct KAFKA_BROKERS',
    })
    expect(checks.find(({ check }) => check === 'progress')).toMatchObject({ state: 'not checked' })
  })
})
