import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { type Held, LeaseSet } from '../../src/postgres/lease-set.js'
import { uniqueName } from '../support/kafka.js'
import { waitFor } from '../support/wait-for.js'
import { schemas, useMigratedDatabase } from '../support/write-side.js'

const database = useMigratedDatabase()
const TTL = 1_000

describe('LeaseSet', () => {
  it('gives the only member everything', async () => {
    const { join } = group(10)

    expect(itemsOf((await join().renew()).held)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
  })

  it.each([
    [2, 64],
    [3, 64],
    [5, 6],
    [4, 2],
  ])(
    'shares fairly among %i members: of %i items nobody has more than his part, and each has one owner',
    async (size, items) => {
      const { join } = group(items)
      const members = Array.from({ length: size }, () => join())

      const held = await settled(members)

      expect(itemsOf(...held)).toEqual(range(items))
      expect(Math.max(...held.map(({ size: count }) => count))).toBeLessThanOrEqual(Math.ceil(items / size))
    },
  )

  it('lets a member that joins have its share after the next renewals, without waiting for an expiry', async () => {
    const { join } = group(8, 60_000)
    const first = join()
    await first.renew()
    const second = join()

    expect((await second.renew()).held.size).toBe(0)
    expect((await first.renew()).held.size).toBe(4)
    expect((await second.renew()).held.size).toBe(4)
  })

  it('gives what a member leaves to the others at once', async () => {
    const { join } = group(8, 60_000)
    const members = [join(), join()]
    await settled(members)

    await members[0]?.leave()

    expect((await members[1]?.renew())?.held.size).toBe(8)
  })

  it('gives one released item to the others at once', async () => {
    const { join } = group(1, 60_000)
    const [one, other] = [join(), join()]
    await one.renew()

    expect((await other.renew()).held.size).toBe(0)
    await one.release(0)

    expect((await other.renew()).held.get(0)).toBe(2n)
    expect((await one.renew()).held.size).toBe(0)
  })

  it('gives what one member declines to the others beyond their share, and to nobody else', async () => {
    const { join } = group(4, 60_000)
    const [declining, other] = [join(), join()]
    await settled([declining, other])
    const own = [...(await declining.renew()).held.keys()]

    for (const item of own) await declining.decline(item, 60_000)
    expect((await declining.renew()).held.size).toBe(0)

    expect((await other.renew()).held.size).toBeGreaterThan(2)
    expect([...(await declining.renew()).held.keys()].filter((item) => own.includes(item))).toEqual([])
  })

  it('gives an item that nobody took back to who declined it, when the time is over', async () => {
    const { join } = group(1, 60_000)
    const alone = join()
    await alone.renew()

    await alone.decline(0, 300)

    expect((await alone.renew()).held.size).toBe(0)
    await waitFor(async () => (await alone.renew()).held.get(0) === 2n, {
      what: 'the item to be taken again',
    })
  })

  it('gives what a silent member held to the others after its time, and not before', async () => {
    const { join } = group(8)
    const [crashed, living] = [join(), join()]
    const began = performance.now()
    await crashed.renew()
    expect((await living.renew()).held.size).toBe(0)

    const waited = await waitFor(
      async () => ((await living.renew()).held.size === 8 ? performance.now() - began : undefined),
      { what: 'the takeover', deadline: 2 * TTL + 2_000 },
    )

    expect(waited).toBeGreaterThanOrEqual(TTL)
  })

  it('tells a member to renew when what a silent one holds expires, and not later', async () => {
    const { join, scope } = group(8, 60_000)
    const crashed = join()
    await crashed.renew()
    const living = join()
    const expireIn = (milliseconds: number) =>
      database.pool.query(
        `WITH items AS (
           UPDATE ${schemas.store}.relay_slots SET expires_at = clock_timestamp() + $2 * interval '1 millisecond'
           WHERE scope = $1
         )
         UPDATE ${schemas.store}.relay_members SET expires_at = clock_timestamp() + $2 * interval '1 millisecond'
         WHERE scope = $1 AND expires_at > clock_timestamp()`,
        [scope, milliseconds],
      )

    expect((await living.renew()).renewIn).toBe(20_000)
    await expireIn(5_000)
    const { held, renewIn } = await living.renew()
    expect(held.size).toBe(0)
    expect(renewIn).toBeGreaterThan(4_000)
    expect(renewIn).toBeLessThanOrEqual(5_000 + 20)
    await expireIn(-1)
    await waitFor(async () => (await living.renew()).held.size === 8, { what: 'the takeover' })
    expect((await living.renew()).renewIn).toBe(20_000)
  })

  it('takes over what a silent member held within its time-to-live, when it renews as it is told', async () => {
    const { join } = group(8, 3_000)
    await join().renew()
    const silent = performance.now()
    const living = join()
    // A little later, so that a third of the time-to-live does not divide what is left.
    await waitFor(() => performance.now() - silent > 500, { what: 'half a second to pass' })

    let renewal = await living.renew()
    while (renewal.held.size === 0) {
      await delay(renewal.renewIn)
      renewal = await living.renew()
    }

    expect(renewal.held.size).toBe(8)
    expect(performance.now() - silent).toBeLessThan(3_000 + 300)
  })

  it('raises an epoch when an item changes hands, and only then', async () => {
    const { join } = group(2, 60_000)
    const [one, other] = [join(), join()]

    const history = [await one.renew(), await one.renew(), await one.renew()]
    expect(history.map(({ held }) => [...held.values()])).toEqual(Array(3).fill([1n, 1n]))
    await other.renew()
    await one.renew()
    expect([...(await other.renew()).held]).toEqual([[1, 2n]])
    await other.leave()

    expect([...(await one.renew()).held]).toEqual([
      [0, 1n],
      [1, 3n],
    ])
  })

  it('raises the epoch also for an owner that was late itself', async () => {
    const { join, scope } = group(1)
    const owner = join()
    await owner.renew()
    const hasExpired = async () => {
      const { rows } = await database.pool.query(
        `SELECT FROM ${schemas.store}.relay_slots WHERE scope = $1 AND expires_at < clock_timestamp()`,
        [scope],
      )
      return rows.length === 1
    }
    await waitFor(hasExpired, { what: 'the expiry' })

    expect((await owner.renew()).held.get(0)).toBe(2n)
  })

  it('never has two owners of an item while members come, stay and go', async () => {
    const { join } = group(16, 60_000)
    let members = [join(), join(), join()]
    for (let round = 0; round < 12; round++) {
      await Promise.all(members.map((member) => member.renew()))
      if (round % 4 === 1) members = [...members, join()]
      if (round % 4 === 3) await members.shift()?.leave()
    }

    const held = await settled(members)

    expect(itemsOf(...held)).toEqual(range(16))
  })

  it('keeps scopes apart', async () => {
    const [here, there] = [group(4), group(4)]

    expect((await here.join().renew()).held.size).toBe(4)
    expect((await there.join().renew()).held.size).toBe(4)
  })

  function group(items: number, ttl = TTL) {
    const scope = uniqueName('scope')
    const tables = { schema: schemas.store, leases: 'relay_slots', members: 'relay_members' } as const
    return {
      scope,
      join: () => new LeaseSet({ pool: database.pool, tables, scope, items, member: randomUUID(), ttl }),
    }
  }
})

/** What members hold after enough renewals for everybody to have seen everybody. */
async function settled(members: readonly LeaseSet[]): Promise<readonly Held[]> {
  for (let round = 0; round < 3; round++) await Promise.all(members.map((member) => member.renew()))
  const held: Held[] = []
  for (const member of members) held.push((await member.renew()).held)
  return held
}

const itemsOf = (...held: readonly Held[]): readonly number[] =>
  held.flatMap((it) => [...it.keys()]).sort((one, other) => one - other)

const range = (length: number): readonly number[] => Array.from({ length }, (_, index) => index)
