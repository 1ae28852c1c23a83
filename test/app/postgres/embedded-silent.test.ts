import { writeFileSync } from 'node:fs'
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import {
  EmbeddedPostgresUnavailable,
  type EmbeddedPostgres,
  startEmbeddedPostgres,
} from '../../../src/app/postgres/embedded/index.js'
import { killServer, pauseServer, serverPid } from '../../support/embedded-server.js'
import { startModuleProcess } from '../../support/module-process.js'
import { onServer } from '../../support/test-databases.js'
import { waitFor } from '../../support/wait-for.js'

/** What the recovering server asks for an archived file: it takes longer than a silent server is waited for. */
const SLOW_ARCHIVE = 'sleep 11; false'
/** The longest that one asks a silent server, with what a busy machine adds. */
const GIVES_UP_WITHIN = 25_000

describe('an embedded server that runs and does not answer', { timeout: 90_000 }, () => {
  let project: string
  const users = new Set<EmbeddedPostgres>()
  let resume: () => void = () => undefined

  beforeEach(async () => {
    project = await mkdtemp(join(tmpdir(), 'reprise-silent-'))
    // Temporary folders are closed to others, and root's server runs as another user.
    await chmod(project, 0o755)
  })

  afterEach(async () => {
    resume()
    resume = () => undefined
    for (const user of users) await user.stop()
    users.clear()
    await rm(project, { recursive: true, force: true, maxRetries: 5 })
  })

  const dataFolder = () => join(project, '.reprise')

  const use = async (): Promise<EmbeddedPostgres> => {
    const server = await startEmbeddedPostgres({ dataFolder: dataFolder() })
    users.add(server)
    return server
  }

  it('is given up soon where it is silent, saying what runs and what to do, and adopted once it goes on', async () => {
    const first = await use()
    const pid = serverPid(first.dataFolder) ?? 0
    resume = pauseServer(first.dataFolder)

    const begun = performance.now()
    const failure: unknown = await use().catch((error: unknown) => error)
    const took = performance.now() - begun
    resume()

    expect(failure).toBeInstanceOf(EmbeddedPostgresUnavailable)
    const { port } = new URL(first.url)
    expect(failure).toMatchObject({
      retriable: true,
      facts: { pid, port: Number(port) },
      message: expect.stringMatching(
        new RegExp(
          `runs at port ${port} \\(process ${pid}\\), but gives no answer within 10 s; if process ${pid} .*kill -CONT`,
        ),
      ) as string,
    })
    expect(took).toBeLessThan(GIVES_UP_WITHIN)
    expect(await use()).toMatchObject({ url: first.url, adopted: true })
  })

  it('is waited for, however long, where it says that it still recovers', async () => {
    const first = await use()
    await onServer(first.url, (client) => client.query('create table kept as select 42 as answer'))
    const killed = serverPid(first.dataFolder)
    await killServer(first.dataFolder)
    writeFileSync(join(first.dataFolder, 'data', 'recovery.signal'), '', { mode: 0o644 })
    const starter = await startModuleProcess(`
      import { startEmbeddedPostgres } from '$src/app/postgres/embedded/index.js'
      const settings = { restore_command: ${JSON.stringify(SLOW_ARCHIVE)} }
      await startEmbeddedPostgres({ dataFolder: ${JSON.stringify(dataFolder())}, settings })
    `)
    onTestFinished(() => starter.kill('SIGKILL'))
    await waitFor(() => ![undefined, killed].includes(serverPid(first.dataFolder)), {
      what: 'the server to be started again',
    })
    await starter.kill('SIGKILL')

    const begun = performance.now()
    const second = await use()

    expect(performance.now() - begun).toBeGreaterThan(10_000)
    expect(second.adopted).toBe(true)
    const rows = await onServer(second.url, (client) => client.query('select answer from kept'))
    expect(rows.rows).toEqual([{ answer: 42 }])
  })
})
