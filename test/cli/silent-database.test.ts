import { chmod, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../src/app/postgres/embedded/index.js'
import { bankFolder, runCli } from '../support/cli.js'
import { pauseServer, serverPid } from '../support/embedded-server.js'

describe('the command line with an embedded Postgres that is silent', { timeout: 60_000 }, () => {
  let folder = ''
  let server: EmbeddedPostgres
  let resume: () => void = () => undefined
  let pid: number | undefined
  beforeAll(async () => {
    folder = await bankFolder()
    await chmod(folder, 0o755)
    server = await startEmbeddedPostgres({ dataFolder: join(folder, '.reprise') })
    pid = serverPid(server.dataFolder)
    resume = pauseServer(server.dataFolder)
  })
  afterAll(async () => {
    resume()
    await server.stop()
    await rm(join(folder, '.reprise'), { recursive: true, force: true, maxRetries: 5 })
  })

  it.each([
    ['projection', 'list'],
    ['outbox', 'status'],
  ])('waits no longer than --timeout says, in %s %s', async (...command) => {
    const { exitCode, stdout, stderr } = await runCli([...command, '--timeout', '500ms'], { folder })

    expect(stderr).toMatch(/error: waited 500 ms for what bank runs on to answer \(reprise doctor says/)
    expect({ exitCode, stdout }).toEqual({ exitCode: 5, stdout: '' })
  })

  it('waits no longer either where DATABASE_URL names it', async () => {
    const environment = { DATABASE_URL: server.url, REPRISE_TIMEOUT: '500ms' }

    const { exitCode, stderr } = await runCli(['projection', 'list'], { folder, environment })

    expect(stderr).toContain('error: waited 500 ms for what bank runs on')
    expect(exitCode).toBe(5)
  })

  it('says without --timeout which process is silent, and what to do', async () => {
    const { exitCode, stdout, stderr } = await runCli(['projection', 'list'], { folder })

    expect(stderr).toContain(`(process ${pid ?? '?'}), but gives no answer within 10 s`)
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' })
  })
})
