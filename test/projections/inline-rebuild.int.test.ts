import pg from 'pg'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type App, defineApp, RebuildRefused, Reprise, TimedOut } from 'reprise'
import { planRebuild, type RebuildProgress, type RebuildResult } from '../../src/projections/rebuild.js'
import { expectInlineToEqualTheStore, generationsOf, MemberLoad } from '../support/inline-facts.js'
import { Emails, inlineClub, Join, Move, plainClub, Profiles } from '../support/inline-members.js'
import { ask, quietly, Reader, ReadSide, rebuildOf, useFreshDatabases } from '../support/read-side.js'
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

const start = () => Reprise.start(inlineClub, quietly(url))

async function join(app: App, count: number, prefix = 'm'): Promise<void> {
  for (let n = 0; n < count; n++)
    await app.execute(new Join({ memberId: `${prefix}-${n}`, email: `${prefix}-${n}@x.org` }))
}

/** A rebuild under way, and what it said. */
class Rebuilding {
  readonly shown: RebuildProgress[] = []
  readonly result: Promise<RebuildResult>

  constructor(projection = 'emails', options: { readonly swapTimeout?: number } = {}) {
    const onProgress = (progress: RebuildProgress): void => void this.shown.push(progress)
    this.result = rebuildOf(url, projection, { app: inlineClub, onProgress, ...options })
    this.result.catch(() => undefined)
  }

  async waitsFor(session: string): Promise<void> {
    const named = () => this.shown.some(({ waitingFor }) => waitingFor?.join().includes(session))
    await waitFor(named, { what: `the rebuild to wait for ${session}` })
  }
}

/** A session with a snapshot of its own, taken now. */
async function snapshot(name: string): Promise<Reader> {
  const reader = await Reader.open(url, name)
  await reader.rows('BEGIN ISOLATION LEVEL REPEATABLE READ')
  await reader.rows('SELECT 1 FROM pg_class')
  return reader
}

async function transaction(name: string, begin = 'BEGIN'): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url, application_name: name })
  await client.connect()
  closing.push(() => client.end())
  await client.query(begin)
  return client
}

describe('a rebuild of an inline projection', () => {
  it('makes every command wait a moment at the most, and none fail, and every snapshot whole', async () => {
    await using app = await start()
    await using other = await start()
    await join(app, 300)
    const loads = [new MemberLoad(app, 4, 'one'), new MemberLoad(other, 4, 'two')]
    const rebuilding = new AbortController()
    const looks = (async () => {
      while (!rebuilding.signal.aborted) await expectInlineToEqualTheStore(url)
    })()

    const results: RebuildResult[] = []
    for (const projection of ['emails', 'profiles', 'kinds', 'emails'])
      results.push(await rebuildOf(url, projection, { app: inlineClub }))
    rebuilding.abort()
    await looks
    await Promise.all(loads.map((load) => load.end()))

    await expectInlineToEqualTheStore(url)
    expect(results.map(({ generation }) => generation)).toEqual([2, 2, 2, 3])
    expect(await generationsOf(url, 'emails')).toEqual({ live: 3, building: null, level: null, all: [2, 3] })
    const waits = loads.flatMap((load) => load.waits)
    expect(Math.max(...waits)).toBeLessThan(3_000)
  }, 60_000)

  it('keeps no command waiting for a reader with an older snapshot, and shows that reader what it saw', async () => {
    await using app = await start()
    await join(app, 10)
    await using reader = await snapshot('slow reader')
    const rebuilding = new Rebuilding()
    await rebuilding.waitsFor('slow reader')

    const began = performance.now()
    await join(app, 20, 'meanwhile')
    expect(performance.now() - began).toBeLessThan(5_000)
    await expectInlineToEqualTheStore(url)
    expect(await generationsOf(url, 'emails')).toEqual({ live: 1, building: 2, level: 2, all: [1, 2] })
    expect(await ask(url, 'SELECT count(*)::int AS rows FROM club_emails_g2.emails')).toEqual([{ rows: 30 }])
    expect(await reader.rows('SELECT FROM club.emails')).toHaveLength(10)
    await reader.rows('COMMIT')

    expect(await rebuilding.result).toMatchObject({ generation: 2, previous: 1, source: 'store' })
    await join(app, 5, 'afterwards')
    await expectInlineToEqualTheStore(url)
    expect(await ask(url, 'SELECT count(*)::int AS rows FROM club_emails_g1.emails')).toEqual([{ rows: 30 }])
  })

  it("waits for a caller's transaction that has appended, by name, while other commands go on", async () => {
    // Without rows that all commands meet in: these wait for one another.
    const withoutKinds = defineApp({ ...inlineClub, projections: [Emails, Profiles] })
    await using app = await Reprise.start(withoutKinds, quietly(url))
    await join(app, 3)
    const tx = await transaction('slow caller')
    await app.execute(new Join({ memberId: 'late', email: 'late@x.org' }), { tx })
    const rebuilding = new Rebuilding()
    await rebuilding.waitsFor('slow caller')

    const began = performance.now()
    await join(app, 5, 'meanwhile')
    expect(performance.now() - began).toBeLessThan(5_000)
    expect(await generationsOf(url, 'emails')).toMatchObject({ live: 1, level: null })
    await tx.query('COMMIT')

    await rebuilding.result
    const rows = await app.read(Emails, 'emails').select('member_id').orderBy('member_id').execute()
    expect(rows.map((row) => row.member_id)).toEqual(
      ['late', ...['m-0', 'm-1', 'm-2'], ...Array.from({ length: 5 }, (_, n) => `meanwhile-${n}`)].sort(),
    )
  })

  it('gives up when one does not end, and leaves everything as it was', async () => {
    await using app = await start()
    await join(app, 3)
    const tx = await transaction('stuck caller')
    await app.execute(new Join({ memberId: 'late', email: 'late@x.org' }), { tx })

    const failure: unknown = await new Rebuilding('emails', { swapTimeout: 500 }).result.catch(
      (error: unknown) => error,
    )

    expect(failure).toBeInstanceOf(TimedOut)
    expect(String(failure)).toContain('stuck caller')
    await tx.query('COMMIT')
    await expectInlineToEqualTheStore(url)
    await rebuildOf(url, 'emails', { app: inlineClub })
    await expectInlineToEqualTheStore(url)
  })

  it('that readers do not make way for is undone beneath running commands, which do not notice', async () => {
    await using app = await start()
    await join(app, 10)
    await using reader = await snapshot('stubborn reader')
    const load = new MemberLoad(app, 6)

    for (let attempt = 0; attempt < 3; attempt++) {
      const failure = new Rebuilding('emails', { swapTimeout: 300 }).result
      await expect(failure).rejects.toBeInstanceOf(TimedOut)
    }

    expect(await load.end()).toBeGreaterThan(0)
    expect(await generationsOf(url, 'emails')).toEqual({ live: 1, building: null, level: null, all: [1] })
    expect(await reader.rows('SELECT FROM club.emails')).toHaveLength(10)
    await expectInlineToEqualTheStore(url)
  })

  it('that is given up waits for an append that is about to write what it drops', async () => {
    await using app = await start()
    await join(app, 2)
    await using reader = await snapshot('stubborn reader')
    const rebuilding = new Rebuilding('emails', { swapTimeout: 1_500 })
    await rebuilding.waitsFor('stubborn reader')
    await using stranger = await Reader.open(url, 'a stranger')
    await stranger.rows('BEGIN')
    await stranger.rows(`SELECT FROM club_emails_g1.emails WHERE member_id = 'm-0' FOR UPDATE`)
    const move = app.execute(new Move({ memberId: 'm-0', email: 'new@x.org' }))
    move.catch(() => undefined)

    await waitFor(async () => ((await generationsOf(url, 'emails')) as { level: unknown }).level !== 2, {
      what: 'the rebuild to give up',
    })
    expect(await ask(url, `SELECT FROM pg_namespace WHERE nspname = 'club_emails_g2'`)).toHaveLength(1)
    await stranger.rows('COMMIT')

    await expect(move).resolves.toMatchObject({ version: 2 })
    await expect(rebuilding.result).rejects.toBeInstanceOf(TimedOut)
    await reader.rows('COMMIT')
    expect(await generationsOf(url, 'emails')).toEqual({ live: 1, building: null, level: null, all: [1] })
    await expectInlineToEqualTheStore(url)
  })

  it('meets a value that one member gave to another in the order in which it was given', async () => {
    await using app = await start()
    await join(app, 2)
    await using stranger = await Reader.open(url, 'a stranger')
    await stranger.rows('BEGIN')
    await stranger.rows(`SELECT FROM club_emails_g1.emails WHERE member_id = 'm-1' FOR UPDATE`)
    // Comes first, and takes what is free only when it goes on.
    const taking = app.executeAll([
      new Move({ memberId: 'm-1', email: 'other@x.org' }),
      new Join({ memberId: 'taker', email: 'm-0@x.org' }),
    ])
    await waitFor(
      async () =>
        (await ask(url, `SELECT FROM pg_locks WHERE NOT granted AND locktype = 'transactionid'`)).length > 0,
      { what: 'it to wait' },
    )
    await app.execute(new Move({ memberId: 'm-0', email: 'given-away@x.org' }))
    await stranger.rows('COMMIT')
    await taking

    await rebuildOf(url, 'emails', { app: inlineClub })

    await expectInlineToEqualTheStore(url)
  })

  it('is never missed by a transaction that has a snapshot from before it', async () => {
    await using app = await start()
    await join(app, 3)
    const tx = await transaction('old snapshot', 'BEGIN ISOLATION LEVEL REPEATABLE READ')
    await tx.query('SELECT 1 FROM reprise_read.projections')
    const rebuilding = new Rebuilding()
    await rebuilding.waitsFor('old snapshot')

    const failure: unknown = await app
      .execute(new Join({ memberId: 'late', email: 'late@x.org' }), { tx })
      .catch((error: unknown) => error)
    await tx.query('ROLLBACK')

    expect(failure).toMatchObject({ code: '40001' })
    await rebuilding.result
    await app.execute(new Join({ memberId: 'late', email: 'late@x.org' }))
    await expectInlineToEqualTheStore(url)
  })

  it('can be the one that builds the first generation, before any start', async () => {
    {
      await using app = await Reprise.start(plainClub, quietly(url))
      await join(app, 12)
    }
    {
      await using side = await ReadSide.open(url, inlineClub)
      expect(await planRebuild(side.parts('emails'))).toMatchObject({
        live: 0,
        building: 1,
        source: 'store',
        events: 12,
      })
      await expect(planRebuild(side.parts('emails'), 'log')).rejects.toBeInstanceOf(RebuildRefused)
    }

    for (const projection of ['emails', 'profiles', 'kinds'])
      expect(await rebuildOf(url, projection, { app: inlineClub })).toMatchObject({
        generation: 1,
        previous: 0,
      })

    await expectInlineToEqualTheStore(url)
    await using app = await Reprise.start(inlineClub, quietly(url, { provision: false }))
    await app.execute(new Move({ memberId: 'm-0', email: 'new@x.org' }))
    await expectInlineToEqualTheStore(url)
  })
})
