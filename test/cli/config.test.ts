import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { findDataFolder } from '../../src/app/postgres/embedded/data-folder.js'
import { bankFolder, runCli } from '../support/cli.js'

let folder = ''
beforeAll(async () => {
  folder = await bankFolder()
})

describe('reprise config', () => {
  it('shows each setting with its source, and no secret', async () => {
    const environment = {
      DATABASE_URL: 'postgres://bank:hunter2@db.example:5432/bank',
      KAFKA_BROKERS: 'broker.example:9092',
      KAFKA_SASL_MECHANISM: 'plain',
      KAFKA_SASL_USERNAME: 'bank',
      KAFKA_SASL_PASSWORD: 'hunter3',
      REPRISE_ROLES: 'api,relay',
    }
    const { stdout, exitCode } = await runCli(['config', '--json'], { folder, environment })
    const { settings } = JSON.parse(stdout) as { settings: readonly unknown[] }

    expect(exitCode).toBe(0)
    expect(stdout).not.toMatch(/hunter/)
    expect(settings).toContainEqual({
      name: 'REPRISE_ROLES',
      value: ['api', 'relay'],
      source: 'environment',
      secret: false,
    })
    expect(settings).toContainEqual({
      name: 'REPRISE_LEASE_MS',
      value: 15_000,
      source: 'default',
      secret: false,
    })
  })

  it('shows a person a table', async () => {
    const { stdout } = await runCli(['config'], { folder, environment: { REPRISE_LOG: 'postgres' } })

    expect(stdout).toMatch(/^SETTING\s+VALUE\s+SOURCE\n/)
    expect(stdout).toMatch(/REPRISE_LOG\s+postgres\s+environment/)
  })

  it('shows the folder that an embedded server really uses, and makes none', async () => {
    const { stdout } = await runCli(['config', '--json'], { folder })
    const table = await runCli(['config'], { folder })
    const named = await runCli(['config', '--json'], {
      folder,
      environment: { DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none' },
    })

    const used = await findDataFolder(join(folder, '.reprise'))
    const settingIn = (json: string) =>
      (JSON.parse(json) as { settings: { name: string }[] }).settings.find(
        ({ name }) => name === 'REPRISE_DATA_FOLDER',
      )
    expect(settingIn(stdout)).toMatchObject({ value: '.reprise', source: 'default', effective: used })
    expect(table.stdout).toContain(`.reprise (here ${used})`)
    expect(settingIn(named.stdout)).not.toHaveProperty('effective')
    expect(existsSync(join(folder, '.reprise'))).toBe(false)
  })

  it('exits 2 for a setting that cannot be used', async () => {
    const run = await runCli(['config'], { folder, environment: { REPRISE_ROLES: 'writer' } })

    expect(run).toMatchObject({ exitCode: 2, stdout: '' })
    expect(run.stderr).toContain('REPRISE_ROLES')
  })
})

describe('reprise db sql', () => {
  it('prints the whole SQL of both sides without a database', async () => {
    const { stdout, exitCode } = await runCli(['db', 'sql'], {
      folder,
      environment: { DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none' },
    })

    expect(exitCode).toBe(0)
    expect(stdout).toContain('-- store (schema reprise_store)')
    expect(stdout).toContain('CREATE TABLE events')
    expect(stdout).toContain('-- read (schema reprise_read)')
    expect(stdout).toContain('CREATE TABLE checkpoints')
  })
})
