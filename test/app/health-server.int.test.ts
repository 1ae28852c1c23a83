import { request } from 'node:http'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type App, type HealthReport, Reprise, type StartOptions } from 'reprise'
import { bank, OpenAccount } from '../support/bank.js'
import { DatabaseProxy } from '../support/database-proxy.js'
import { Gate } from '../support/gate.js'
import { quietly, useFreshDatabases } from '../support/read-side.js'
import { waitFor } from '../support/wait-for.js'

const freshDatabase = useFreshDatabases()
let url = ''
beforeEach(async () => {
  url = await freshDatabase()
})

const opened: (() => Promise<void>)[] = []
// Before their databases are dropped.
afterEach(async () => {
  for (const close of opened.splice(0).reverse()) await close()
})

async function start(options: StartOptions = {}, databaseUrl = url): Promise<App> {
  const app = await Reprise.start(bank, quietly(databaseUrl, { healthPort: 0, ...options }))
  opened.push(() => app.stop())
  return app
}

interface Answer {
  readonly status: number
  readonly body: string
  readonly headers: NodeJS.Dict<string | string[]>
}

function ask({ surroundings }: App, path: string, method = 'GET'): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asking = request(`${surroundings.health ?? ''}${path}`, { method, agent: false }, (response) => {
      let body = ''
      response.on('data', (chunk: Buffer) => (body += chunk.toString()))
      response.on('end', () => {
        resolve({ status: response.statusCode ?? 0, body, headers: response.headers })
      })
    })
    asking.on('error', reject).end()
  })
}

describe('the health port', () => {
  it('is not there unless it is asked for', async () => {
    const app = await Reprise.start(bank, quietly(url))
    opened.push(() => app.stop())

    expect(app.surroundings.health).toBeUndefined()
  })

  it('is on the loopback address unless another is named', async () => {
    const app = await start()

    expect(app.surroundings.health).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/)
  })

  it('answers that the process lives and is ready, and with ?verbose what health() tells', async () => {
    const app = await start()

    expect(await ask(app, '/livez')).toMatchObject({ status: 200, body: 'ok\n' })
    const ready = await ask(app, '/readyz')
    expect(ready).toMatchObject({ status: 200, headers: { 'cache-control': 'no-store' } })
    expect(JSON.parse(ready.body)).toEqual({ status: 'ok', phase: 'running' })
    const told = JSON.parse((await ask(app, '/readyz?verbose')).body) as HealthReport
    expect(told.components.map(({ name }) => name)).toEqual(
      (await app.health()).components.map(({ name }) => name),
    )
  })

  it('takes GET and HEAD of its two paths, and nothing else', async () => {
    const app = await start()

    expect(await ask(app, '/readyz', 'HEAD')).toMatchObject({ status: 200, body: '' })
    expect(await ask(app, '/livez', 'POST')).toMatchObject({ status: 405, headers: { allow: 'GET, HEAD' } })
    expect((await ask(app, '/')).status).toBe(404)
    expect((await ask(app, '/readyz/../../etc/passwd')).status).toBe(404)
    expect((await ask(app, '//readyz?%')).status).toBe(404)
    expect((await ask(app, '/readyz?%')).status).toBe(200)
    expect((await ask(app, `/livez?${'x'.repeat(20_000)}`)).status).toBe(431)
  })

  it('lives, is not ready, and shows no password while Postgres is away', async () => {
    const withPassword = new URL(url)
    withPassword.password ||= 'swordfish'
    const proxy = await DatabaseProxy.before(withPassword.href)
    opened.push(() => proxy.close())
    const app = await start({}, proxy.url)
    proxy.shut()

    await waitFor(async () => (await ask(app, '/readyz')).status === 503, { what: 'it to be noticed' })
    expect((await ask(app, '/livez')).status).toBe(200)
    const { body } = await ask(app, '/readyz?verbose')
    expect(JSON.parse(body)).toMatchObject({ status: 'down', ready: false })
    expect(body).not.toContain(withPassword.password)

    proxy.reopen()
    await waitFor(async () => (await ask(app, '/readyz')).status === 200, { what: 'it to be ready again' })
  })

  it('says no from the moment a stop begins, while what brings commands is drained, and is gone after it', async () => {
    const app = await start()
    const drained = new Gate()
    const address = app.surroundings.health
    const stopping = app.stop({ drain: () => drained.opened })

    const answer = await ask(app, '/readyz')
    expect([answer.status, JSON.parse(answer.body)]).toEqual([503, { status: 'down', phase: 'stopping' }])
    expect((await ask(app, '/livez')).status).toBe(200)
    // Those who are on their way are served.
    await app.execute(new OpenAccount({ accountId: '1', owner: 'Ada' }))

    drained.open()
    await stopping
    await expect(app.execute(new OpenAccount({ accountId: '2', owner: 'Ada' }))).rejects.toMatchObject({
      code: 'REPRISE_APP_STOPPED',
    })
    await expect(fetch(`${address ?? ''}/livez`)).rejects.toThrow()
    expect(await app.health()).toMatchObject({ status: 'down', ready: false, phase: 'stopped' })
  })

  it('that is taken refuses the start, and leaves nothing open', async () => {
    const app = await start()
    const port = Number(new URL(app.surroundings.health ?? '').port)

    await expect(Reprise.start(bank, quietly(url, { healthPort: port }))).rejects.toMatchObject({
      code: 'REPRISE_CONFIGURATION',
      message: expect.stringMatching(/REPRISE_HEALTH_PORT.*EADDRINUSE/) as string,
    })
  })
})
