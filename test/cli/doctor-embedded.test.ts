import { chmod, rm } from 'node:fs/promises'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../src/app/postgres/embedded/index.js'
import { bankFolder, runCli } from '../support/cli.js'
import { killServer, pauseServer, serverPid } from '../support/embedded-server.js'

describe('reprise doctor with an embedded Postgres', { timeout: 60_000 }, () => {
  let folder = ''
  let server: EmbeddedPostgres | undefined
  let resume: () => void = () => undefined
  beforeEach(async () => {
    folder = await bankFolder()
    await chmod(folder, 0o755)
  })
  afterEach(async () => {
    resume()
    resume = () => undefined
    await server?.stop()
    await rm(join(folder, '.reprise'), { recursive: true, force: true, maxRetries: 5 })
  })

  const start = async (): Promise<EmbeddedPostgres> => {
    server = await startEmbeddedPostgres({ dataFolder: join(folder, '.reprise') })
    return server
  }

  const examine = async () => {
    const { exitCode, stdout } = await runCli(['doctor', '--json'], { folder })
    const { checks } = JSON.parse(stdout) as {
      checks: readonly { check: string; state: string; fact: string; remedy?: string }[]
    }
    return { exitCode, of: (check: string) => checks.find((it) => it.check === check) }
  }

  it('says that there is no database yet, and makes none', async () => {
    const { exitCode, of } = await examine()

    expect(exitCode).toBe(4)
    expect(of('embedded Postgres')).toMatchObject({
      state: 'problem',
      fact: expect.stringContaining('holds no database yet') as string,
    })
    expect(existsSync(join(folder, '.reprise'))).toBe(false)
  })

  it('finds the one that runs, and leaves it to its users', async () => {
    const { dataFolder } = await start()
    const pid = serverPid(dataFolder)

    const { of } = await examine()

    expect(of('embedded Postgres')).toMatchObject({
      state: 'ok',
      fact: expect.stringMatching(
        new RegExp(`process ${pid ?? ''}\\), used by process ${process.pid}$`),
      ) as string,
    })
    expect(of('database')).toMatchObject({ state: 'ok' })
    expect(serverPid(dataFolder)).toBe(pid)
  })

  it('says of one that is silent which process that is, and what to do about it', async () => {
    const { dataFolder } = await start()
    const pid = serverPid(dataFolder) ?? 0
    resume = pauseServer(dataFolder)

    const { exitCode, of } = await examine()
    resume()

    expect(exitCode).toBe(4)
    expect(of('embedded Postgres')).toMatchObject({
      state: 'problem',
      fact: expect.stringMatching(new RegExp(`\\(process ${pid}\\), used by .* does not answer$`)) as string,
      remedy: expect.stringMatching(
        new RegExp(`^if process ${pid} and its children were paused, .*kill -CONT.*${dataFolder}`),
      ) as string,
    })
    expect(of('database')).toMatchObject({
      state: 'problem',
      remedy:
        'see whether it is paused, overloaded, or cut off by the network; ' +
        `it is the embedded Postgres in ${dataFolder} (process ${pid})`,
    })
  })

  it('tells one that was killed from one that was stopped, and starts neither', async () => {
    const { dataFolder } = await start()
    const pid = serverPid(dataFolder)
    await killServer(dataFolder)

    const killed = await examine()
    await server?.stop()
    await (await start()).stop()
    const stopped = await examine()

    expect(killed.exitCode).toBe(4)
    expect(killed.of('embedded Postgres')).toMatchObject({
      state: 'problem',
      fact: expect.stringContaining(`was killed (it ran as process ${pid ?? ''})`) as string,
      remedy: expect.stringContaining(`process ${process.pid} starts it again`) as string,
    })
    expect(stopped.exitCode).toBe(0)
    expect(stopped.of('embedded Postgres')).toMatchObject({
      state: 'warning',
      fact: expect.stringContaining('does not run, as no process uses it') as string,
      remedy: expect.stringContaining('start the app') as string,
    })
    expect(serverPid(dataFolder)).toBeUndefined()
  })
})
