import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  BuildRefused,
  CommandRejected,
  DefinitionError,
  defineApp,
  InlineProjectionUnknown,
  Projection,
  Projects,
  Reprise,
  type Row,
  TableProjection,
} from 'reprise'
import { freshDatabase as anotherDatabase } from '../support/database.js'
import { expectInlineToEqualTheStore, generationsOf } from '../support/inline-facts.js'
import {
  Followed,
  inlineClub,
  Join,
  Joined,
  Member,
  Move,
  plainClub,
  QuitClub,
} from '../support/inline-members.js'
import { quietly, useFreshDatabases } from '../support/read-side.js'

const freshDatabase = useFreshDatabases()
let url = ''
beforeEach(async () => {
  url = await freshDatabase()
})

const closing: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

const start = (definition = inlineClub) => Reprise.start(definition, quietly(url))
describe('an inline projection that is new to a store', () => {
  const history = async (): Promise<void> => {
    await using app = await start(plainClub)
    for (let n = 0; n < 30; n++) {
      await app.execute(new Join({ memberId: `m-${n}`, email: `${n}@x.org` }))
      if (n % 3 === 0) await app.execute(new Move({ memberId: `m-${n}`, email: `${n}@y.org` }))
      if (n % 5 === 0) await app.execute(new QuitClub({ memberId: `m-${n}` }))
    }
  }

  it('is built from what the store holds before the first command', async () => {
    await history()

    await using app = await start()

    await expectInlineToEqualTheStore(url)
    await app.execute(new Move({ memberId: 'm-1', email: 'new@x.org' }))
    await expect(app.execute(new Join({ memberId: 'n', email: '2@x.org' }))).rejects.toBeInstanceOf(
      CommandRejected,
    )
    await expectInlineToEqualTheStore(url)
    expect(await generationsOf(url, 'emails')).toEqual({ live: 1, building: null, level: null, all: [1] })
  })

  it('is built by one of several processes that start at once, and no event is missing or applied twice', async () => {
    await history()

    const apps = await Promise.all([start(), start(), start()])
    closing.push(...apps.map((app) => () => app.stop()))

    await expectInlineToEqualTheStore(url)
    await Promise.all(
      apps.map((app, n) => app.execute(new Join({ memberId: `n-${n}`, email: `n-${n}@x.org` }))),
    )
    await expectInlineToEqualTheStore(url)
  })

  it('is refused without provision where it would have to be built, with the command; not on an empty store', async () => {
    await history()
    const unprovisioned = Reprise.start(inlineClub, quietly(url, { provision: false }))
    await expect(unprovisioned).rejects.toBeInstanceOf(BuildRefused)
    await expect(unprovisioned).rejects.toThrow('the store holds 46 events')
    await expect(unprovisioned).rejects.toThrow('reprise projection rebuild emails')

    const empty = await anotherDatabase()
    closing.push(() => empty.drop())
    await (await Reprise.start(plainClub, quietly(empty.url))).stop()
    const app = await Reprise.start(inlineClub, quietly(empty.url, { provision: false }))
    await app.stop()
  })

  it('says which event its first build cannot apply, and leaves nothing half built', async () => {
    await history()
    {
      await using app = await start(plainClub)
      await app.execute(new Join({ memberId: 'twin', email: '2@x.org' }))
    }

    await expect(start()).rejects.toThrow(/Joined, version 1 of member-twin.*emails_email_key/)

    expect(await generationsOf(url, 'emails')).toEqual({ live: 0, building: null, level: null, all: null })
    {
      await using app = await start(plainClub)
      await app.execute(new QuitClub({ memberId: 'twin' }))
      await app.execute(new Move({ memberId: 'm-2', email: 'other@x.org' }))
    }
    await expect(start()).rejects.toThrow('emails_email_key')
  })

  it('cannot take over from one that follows the log, nor the other way round', async () => {
    const columns = Followed.columns
    @Projection({ name: 'followed', version: 1, from: [Member], inline: true })
    class Taking extends TableProjection({ table: 'followed', key: 'member_id', columns }) {
      @Projects(Joined)
      joined({ email }: Joined, row: Row<typeof Taking>) {
        row.email = email
      }
    }
    const takingClub = defineApp({ name: 'club', aggregates: [Member], projections: [Taking] })
    const other = await anotherDatabase()
    closing.push(() => other.drop())
    await (await Reprise.start(takingClub, quietly(other.url))).stop()
    await history()

    const taking = Reprise.start(takingClub, quietly(url))
    await expect(taking).rejects.toBeInstanceOf(BuildRefused)
    await expect(taking).rejects.toThrow(
      'generation 1 follows the log, and the code declares one that is written by the appends to member: give the projection a new name',
    )
    await expect(Reprise.start(plainClub, quietly(other.url))).rejects.toBeInstanceOf(InlineProjectionUnknown)
  })
})

describe('an inline projection in another database than the store', () => {
  it('is refused at start', async () => {
    const other = await anotherDatabase()
    closing.push(() => other.drop())

    const starting = Reprise.start(inlineClub, quietly(url, { readDatabaseUrl: other.url }))

    await expect(starting).rejects.toBeInstanceOf(DefinitionError)
    await expect(starting).rejects.toThrow(
      /projection emails: it is inline[^]*projection kinds: it is inline/,
    )
  })
})
