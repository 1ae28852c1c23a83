import type { Kysely } from 'kysely'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  BuildRefused,
  defineApp,
  type Delivery,
  InlineProjectionUnknown,
  Projection,
  Projects,
  Reprise,
  SqlProjection,
} from 'reprise'
import {
  expectInlineToEqualTheStore,
  generationsOf,
  MemberLoad,
  startMembersProcess,
} from '../support/inline-facts.js'
import {
  Emails,
  type EmailTables,
  inlineClub,
  Join,
  Joined,
  Kinds,
  Member,
  Move,
  Moved,
  plainClub,
  Profiles,
  Quit,
} from '../support/inline-members.js'
import { ADMIT_TESTS_BUILD, testsBuild } from '../support/other-build.js'
import { ask, quietly, Reader, rebuildOf, useFreshDatabases } from '../support/read-side.js'
import { waitFor } from '../support/wait-for.js'

const freshDatabase = useFreshDatabases()
let url = ''
beforeEach(async () => {
  url = await freshDatabase()
})

const closing: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

const start = (app = inlineClub) => Reprise.start(app, quietly(url))

const stored = async (): Promise<number> =>
  (await ask<{ events: number }>(url, 'SELECT count(*)::int AS events FROM reprise_store.events'))[0]
    ?.events ?? 0

/** No session of a process that was killed is left to hold anything. */
const sessionsEnded = (name: string): Promise<unknown> =>
  waitFor(
    async () =>
      (await ask(url, 'SELECT FROM pg_stat_activity WHERE application_name = $1', [name])).length === 0,
    { what: 'the sessions of the killed process to end' },
  )

describe('a process that is killed while it appends', () => {
  it('at any moment leaves the store and its inline projections equal', async () => {
    await (await start()).stop()
    for (let kill = 0; kill < 4; kill++) {
      const before = await stored()
      const process = await startMembersProcess(
        `
const app = await Reprise.start(inlineClub, { databaseUrl: process.env.TEST_URL, log: 'postgres', lease: 1000, logLevel: 'silent' })
console.log('runs')
for (let n = 0; ; n++) await Promise.all(Array.from({ length: 8 }, async (_, i) => {
  const memberId = process.env.TEST_KILL + '-' + n + '-' + i
  await app.execute(new Join({ memberId, email: memberId + '@x.org' }))
  await app.executeAll([new Move({ memberId, email: memberId + '@y.org' }), new Join({ memberId: memberId + 'b', email: memberId + '@x.org' })])
}))
`,
        { TEST_URL: url, TEST_KILL: String(kill) },
      )
      expect(await process.nextLine()).toBe('runs')
      await waitFor(async () => (await stored()) > before + 20 * Math.random() * 10, { what: 'some appends' })
      await process.kill('SIGKILL')
      await sessionsEnded('club store')
      await expectInlineToEqualTheStore(url)
    }

    await using app = await start()
    await app.execute(new Join({ memberId: 'after', email: 'after@x.org' }))
    await expectInlineToEqualTheStore(url)
  }, 60_000)
})

describe('a rebuild that is killed when appends write both generations', () => {
  it('is cleaned up by the next one, and commands go on all the while', async () => {
    await using app = await start()
    for (let n = 0; n < 5; n++) await app.execute(new Join({ memberId: `m-${n}`, email: `${n}@x.org` }))
    await using reader = await Reader.open(url, 'slow reader')
    await reader.rows('BEGIN ISOLATION LEVEL REPEATABLE READ')
    await reader.rows('SELECT 1 FROM pg_class')
    const process = await startMembersProcess(
      `
import { modelOf } from '$src/app/app-model.js'
import { openInstallation } from '$src/app/installation.js'
import { projectionParts } from '$src/app/projection-parts.js'
import { settingsFor } from '$src/app/settings.js'
import { rebuild } from '$src/projections/rebuild.js'
${ADMIT_TESTS_BUILD}
const model = modelOf(inlineClub)
const installation = await openInstallation(model, settingsFor(inlineClub, { databaseUrl: process.env.TEST_URL, log: 'postgres', logLevel: 'silent' }))
const parts = projectionParts(installation, model.projections.find(({ name }) => name === 'emails'))
admitTestsBuild(parts, installation)
await rebuild(parts, { onProgress: ({ phase, waitingFor }) => console.log(phase + ' ' + waitingFor) })
`,
      { TEST_URL: url, ...testsBuild(inlineClub, 'emails') },
    )
    for (;;) if ((await process.nextLine()).includes('slow reader')) break
    const load = new MemberLoad(app, 6)
    await process.kill('SIGKILL')
    await reader.rows('COMMIT')
    expect(await generationsOf(url, 'emails')).toEqual({ live: 1, building: 2, level: 2, all: [1, 2] })

    expect(await rebuildOf(url, 'emails', { app: inlineClub })).toMatchObject({ generation: 3, previous: 1 })

    expect(await load.end()).toBeGreaterThan(0)
    expect(await generationsOf(url, 'emails')).toEqual({ live: 3, building: null, level: null, all: [1, 3] })
    await expectInlineToEqualTheStore(url)
  })
})

describe('a release that brings an inline projection', () => {
  it('builds it beneath the appends of the old one, which are refused from then on: none is missing', async () => {
    await using old = await start(plainClub)
    const load = new MemberLoad(old, 2, 'old', false)
    await waitFor(async () => (await stored()) > 100, { what: 'some history' })

    await using app = await start()

    await expect(load.end()).rejects.toBeInstanceOf(InlineProjectionUnknown)
    const refused = old.execute(new Join({ memberId: 'late', email: 'late@x.org' }))
    await expect(refused).rejects.toThrow('emails, kinds, profiles')
    await expectInlineToEqualTheStore(url)
    await app.execute(new Join({ memberId: 'new', email: 'new@x.org' }))
    await expectInlineToEqualTheStore(url)
  })

  it('keeps builds without it from starting, until it is given up; and comes back by a rebuild', async () => {
    {
      await using app = await start()
      await app.execute(new Join({ memberId: 'a', email: 'a@x.org' }))
    }
    const failure: unknown = await start(plainClub).catch((error: unknown) => error)
    expect(failure).toBeInstanceOf(InlineProjectionUnknown)
    const [, forget = ''] = /, run (DELETE FROM .*)$/.exec((failure as Error).message) ?? []
    expect(forget).toContain("'emails', 'kinds', 'profiles'")

    await ask(url, forget)
    {
      await using app = await start(plainClub)
      await app.execute(new Join({ memberId: 'b', email: 'b@x.org' }))
    }
    await expect(start()).rejects.toBeInstanceOf(BuildRefused)
    await expect(start()).rejects.toThrow(
      'generation 1 lacks the events that were appended while it was given up; run reprise projection rebuild emails',
    )
    for (const projection of ['emails', 'profiles', 'kinds'])
      await rebuildOf(url, projection, { app: inlineClub })

    await using app = await start()
    await expectInlineToEqualTheStore(url)
    await app.execute(new Move({ memberId: 'b', email: 'c@x.org' }))
    await expectInlineToEqualTheStore(url)
  })

  it('lets processes that take no commands start without it', async () => {
    await (await start()).stop()

    const app = await Reprise.start(plainClub, quietly(url, { roles: ['relay', 'projections'] }))

    await app.stop()
  })
})

describe('a release that raises the version of an inline projection', () => {
  @Projection({ name: 'emails', version: 2, from: [Member], inline: true })
  class SecondEmails extends SqlProjection<EmailTables> {
    static tables(db: Kysely<unknown>, schema: string): Promise<void> {
      return Emails.tables(db, schema)
    }

    @Projects(Joined)
    joined(event: Joined, delivery: Delivery<EmailTables>) {
      return Emails.prototype.joined.call(this, event, delivery)
    }

    @Projects(Moved)
    moved(event: Moved, delivery: Delivery<EmailTables>) {
      return Emails.prototype.moved.call(this, event, delivery)
    }

    @Projects(Quit)
    quit(event: Quit, delivery: Delivery<EmailTables>) {
      return Emails.prototype.quit.call(this, event, delivery)
    }
  }
  const secondClub = defineApp({ ...inlineClub, projections: [SecondEmails, Profiles, Kinds] })

  it('never lets the two mix: until its rebuild only the old one appends, after that only the new one', async () => {
    await using old = await start()
    const load = new MemberLoad(old, 6)
    await waitFor(async () => (await stored()) > 50, { what: 'some history' })
    await expect(start(secondClub)).rejects.toThrow(
      'generation 1 was built as version 1, the code declares 2; run reprise projection rebuild emails',
    )

    await rebuildOf(url, 'emails', { app: secondClub })

    await expect(load.end()).rejects.toThrow(
      'generation 2 was built as version 2 by a newer release, the code declares 1',
    )
    await using app = await start(secondClub)
    await app.execute(new Join({ memberId: 'new', email: 'new@x.org' }))
    await expectInlineToEqualTheStore(url)
  })
})
