import { once } from 'node:events'
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { exclusively } from '../../../src/app/local-servers/exclusively.js'
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../../src/app/postgres/embedded/index.js'
import { killServer, serverPid } from '../../support/embedded-server.js'
import { startModuleProcess } from '../../support/module-process.js'
import { RecordingLogger } from '../../support/recording-logger.js'
import { onServer } from '../../support/test-databases.js'
import { waitFor } from '../../support/wait-for.js'

describe('an embedded server that is kept running', { timeout: 60_000 }, () => {
  let project: string
  const users = new Set<EmbeddedPostgres>()

  beforeEach(async () => {
    project = await mkdtemp(join(tmpdir(), 'reprise-restart-'))
    // Temporary folders are closed to others, and root's server runs as another user.
    await chmod(project, 0o755)
  })

  afterEach(async () => {
    for (const user of users) await user.stop()
    users.clear()
    await rm(project, { recursive: true, force: true, maxRetries: 5 })
  })

  const dataFolder = () => join(project, '.reprise')

  const keep = async () => {
    const logger = new RecordingLogger()
    const server = await startEmbeddedPostgres({ dataFolder: dataFolder(), keepRunning: logger })
    users.add(server)
    return { ...server, logger }
  }

  it('comes back at its port after it was killed with all its processes, and has lost nothing', async () => {
    const server = await keep()
    await onServer(server.url, (client) => client.query('create table kept as select 42 as answer'))
    const killed = serverPid(server.dataFolder)

    await killServer(server.dataFolder)

    expect(await answerOf(server.url)).toEqual([{ answer: 42 }])
    expect(serverPid(server.dataFolder)).not.toBe(killed)
    await waitFor(() => told(server.logger, 'the embedded Postgres runs again') > 0, { what: 'the news' })
    expect(told(server.logger, 'is gone, and is started again')).toBe(1)
  })

  it('comes back again and again', async () => {
    const server = await keep()
    await onServer(server.url, (client) => client.query('create table kept as select 42 as answer'))

    for (let time = 1; time <= 3; time++) {
      await killServer(server.dataFolder)
      expect(await answerOf(server.url)).toEqual([{ answer: 42 }])
    }
  })

  it('is brought back by who adopted it when its starter is dead', async () => {
    const starter = await startModuleProcess(`
      import { startEmbeddedPostgres } from '$src/app/postgres/embedded/index.js'
      const { url } = await startEmbeddedPostgres({ dataFolder: ${JSON.stringify(dataFolder())} })
      console.log(url)
      process.stdin.resume()
    `)
    onTestFinished(() => starter.kill('SIGKILL'))
    const url = await starter.nextLine()
    await onServer(url, (client) => client.query('create table kept as select 42 as answer'))
    const adopter = await keep()
    expect(adopter).toMatchObject({ url, adopted: true })

    await starter.kill('SIGKILL')
    await killServer(adopter.dataFolder)

    expect(await answerOf(url)).toEqual([{ answer: 42 }])
  })

  it('is started by one of its users, and found by the others', async () => {
    const [one, two, three] = [await keep(), await keep(), await keep()]
    await onServer(one.url, (client) => client.query('create table kept as select 42 as answer'))

    await killServer(one.dataFolder)

    expect(await answerOf(one.url)).toEqual([{ answer: 42 }])
    const loggers = [one.logger, two.logger, three.logger]
    // One that looks only now finds it running, and has nothing to tell.
    const starters = () => loggers.filter((it) => told(it, /^the embedded Postgres runs again$/) > 0)
    await waitFor(() => starters().length > 0, { what: 'the news' })
    expect(starters()).toHaveLength(1)
    expect(loggers.some((it) => told(it, 'at another port') > 0)).toBe(false)
  })

  it('waits for its port while another program has it', async () => {
    const server = await keep()
    await onServer(server.url, (client) => client.query('create table kept as select 42 as answer'))
    const squatter = createServer()
    onTestFinished(() => void squatter.close())
    // Nobody starts the server again while we hold its lock.
    await exclusively(join(server.dataFolder, 'lock'), 10_000, async () => {
      await killServer(server.dataFolder)
      squatter.listen(Number(new URL(server.url).port), '127.0.0.1')
      await once(squatter, 'listening')
    })

    await waitFor(() => told(server.logger, 'does not come back yet') > 0, { what: 'the news' })
    expect(server.logger.lines.map(({ facts }) => JSON.stringify(facts)).join()).toContain(
      'another program has taken',
    )
    squatter.close()

    expect(await answerOf(server.url)).toEqual([{ answer: 42 }])
  })

  it('comes back when its head alone was killed, and a session of it was busy', async () => {
    const server = await keep()
    const busy = new pg.Client({ connectionString: server.url })
    busy.on('error', () => undefined)
    await busy.connect()
    await busy.query('create table kept as select 42 as answer')
    const sleeping = busy.query('select pg_sleep(1.5)').catch(() => undefined)

    await killServer(server.dataFolder, 'itself')

    expect(await answerOf(server.url)).toEqual([{ answer: 42 }])
    await sleeping
    await busy.end().catch(() => undefined)
  })

  it('stays down once nobody uses it', async () => {
    const server = await keep()
    await server.stop()

    expect(serverPid(server.dataFolder)).toBeUndefined()
    expect(told(server.logger, 'is gone')).toBe(0)
  })
})

/** Asks until the server answers. */
function answerOf(url: string): Promise<unknown[]> {
  return waitFor(
    () => onServer(url, async (client) => (await client.query('select answer from kept')).rows as unknown[]),
    { what: 'the server to answer again', deadline: 30_000 },
  )
}

function told({ lines }: RecordingLogger, what: string | RegExp): number {
  const pattern = typeof what === 'string' ? new RegExp(what) : what
  return lines.filter(({ message }) => pattern.test(message)).length
}
