import { beforeEach, describe, expect, it } from 'vitest'
import { bankWith } from '../support/bank-variants.js'
import { Gate } from '../support/gate.js'
import { HandFed, lane } from '../support/hand-fed.js'
import { ask, useFreshDatabases } from '../support/read-side.js'
import { waitFor } from '../support/wait-for.js'

const freshDatabase = useFreshDatabases()
const signal = new AbortController().signal

let url = ''
beforeEach(async () => {
  url = await freshDatabase()
})

/** Its handler of deposits throws at one amount. */
const failing = bankWith((event) => {
  if (event.amount === 100n) throw new TypeError('planted at 100')
})

describe('an event that ends its process', () => {
  it('is suspected when its lane was taken twice at one place, tried alone, and parked when its tries are over', async () => {
    await using fed = await HandFed.open(url, failing)
    const events = [...(await fed.account('a', 2)), ...(await fed.account('b', 1))]
    const records = fed.records(events)
    /** A process that ends as soon as its handler is given the deposit of 10. */
    const run = async (): Promise<'died' | bigint> => {
      let die = (): void => undefined
      const death = new Promise<'died'>((resolve) => (die = () => resolve('died')))
      const shipped = fed.parts.subscriberFor(fed.generation)
      const member = fed.member({
        subscriber: {
          ...shipped,
          name: shipped.name,
          generation: shipped.generation,
          handles: shipped.handles,
          apply: async (tx, envelopes) => {
            if (!envelopes.some(({ eventId }) => eventId === events[2]?.eventId))
              return shipped.apply(tx, envelopes)
            die()
            // The transaction goes when its connection does, which here is when the test says so.
            throw new Error('Connection terminated')
          },
        },
        checkpoints: neverGivenBack(fed),
      })
      const next = await member.assigned(lane)
      return Promise.race([
        death,
        member.deliver(lane, records.slice(Number(next)), signal).catch(() => death),
      ])
    }

    const runs: unknown[] = []
    for (let start = 0; start < 12 && runs.at(-1) !== 4n; start++) runs.push(await run())

    // Once in a batch, once in each of two lots that begin before it, five times alone; then it is known.
    expect(runs.filter((it) => it === 'died')).toHaveLength(8)
    expect(await fed.letters()).toMatchObject([
      { offset: 2, key: 'account-a', version: 3, class: 'handler', name: 'ProcessDied', attempts: 5 },
    ])
  })

  it('is parked with all that its record brought where it is one of those that the topic skipped', async () => {
    await using fed = await HandFed.open(url)
    const events = await fed.account('a', 3)
    const [, , , record] = fed.records(events)
    let deaths = 0
    const run = async (): Promise<'died' | bigint> => {
      let die = (): void => undefined
      const death = new Promise<'died'>((resolve) => (die = () => resolve('died')))
      const shipped = fed.parts.subscriberFor(fed.generation)
      const member = fed.member({
        attempts: 2,
        subscriber: {
          name: shipped.name,
          generation: shipped.generation,
          handles: shipped.handles,
          apply: (tx, envelopes) => {
            if (!envelopes.some(({ eventId }) => eventId === events[2]?.eventId))
              return shipped.apply(tx, envelopes)
            die()
            return Promise.reject(new Error('Connection terminated'))
          },
        },
        checkpoints: neverGivenBack(fed),
      })
      await member.assigned(lane)
      const delivery = member.deliver(lane, record === undefined ? [] : [{ ...record, offset: 0n }], signal)
      return Promise.race([death, delivery.catch(() => death)])
    }

    let outcome: unknown = 'died'
    while (outcome === 'died' && deaths < 12) if ((outcome = await run()) === 'died') deaths++

    // In a batch, twice alone, and once while its record was parked.
    expect([outcome, deaths]).toEqual([1n, 4])
    expect((await fed.letters()).map(({ version, name }) => [version, name])).toEqual(
      [1, 2, 3, 4].map((version) => [version, 'ProcessDied']),
    )
    expect(await fed.attempts()).toEqual([])
  })

  it('is tried while no other suspect is, which would be counted with it', async () => {
    await using fed = await HandFed.open(url)
    const subscriber = { name: 'balances', generation: 1 }
    const other = { ...lane, partition: 1 }
    const gate = new Gate()
    for (const suspected of [lane, other]) await fed.parts.checkpoints.countAttempt(subscriber, suspected, 0n)
    const records = fed.records(await fed.account('a', 0))
    const [first, second] = [fed.member({ failpoints: { reach: atTry(gate.opened) } }), fed.member()]
    await first.assigned(lane)
    await second.assigned(other)
    const trying = first.deliver(lane, records, signal)
    await waitFor(async () => (await fed.attempts()).some(({ attempts }) => attempts === 2), {
      what: 'the first one to be tried',
    })

    const leaving = new AbortController()
    const waiting = second.deliver(
      other,
      records.map((record) => ({ ...record, ...other })),
      leaving.signal,
    )
    leaving.abort()

    expect(await waiting).toBe(0n)
    expect((await fed.attempts()).map(({ attempts }) => attempts).sort()).toEqual([1, 2])
    gate.open()
    expect(await trying).toBe(1n)
  })

  it('is not taken for what ends processes because many of them met a failure there that passes by itself', async () => {
    await using fed = await HandFed.open(url)
    const subscriber = { name: 'balances', generation: 1 }
    const records = fed.records(await fed.account('a', 2))
    const shipped = fed.parts.subscriberFor(fed.generation)
    // As a process left it that died while it tried.
    await fed.parts.checkpoints.countAttempt(subscriber, lane, 0n)
    for (let start = 0; start < 8; start++) {
      const member = fed.member({
        subscriber: {
          name: shipped.name,
          generation: shipped.generation,
          handles: shipped.handles,
          apply: () => Promise.reject(new Error('Connection terminated unexpectedly')),
        },
      })
      await member.assigned(lane)
      await expect(member.deliver(lane, records, signal)).rejects.toThrow('Connection terminated')
      await member.revoked(lane)
    }
    expect((await fed.attempts()).map(({ attempts }) => attempts)).toEqual([1])

    const member = fed.member()
    await member.assigned(lane)

    expect(await member.deliver(lane, records, signal)).toBe(3n)
    expect([await fed.letters(), await fed.attempts()]).toEqual([[], []])
  })

  it('is suspected by who takes its lane from another, and not by who had it last and lives, as after an outage', async () => {
    await using fed = await HandFed.open(url)
    const records = fed.records(await fed.account('a', 15))
    /** A member that counts how often it tries a record alone. */
    const counting = () => {
      const tried = { alone: 0 }
      const reach = (point: string) => {
        if (point === 'attempt:after') tried.alone += 1
      }
      return { tried, member: fed.member({ checkpoints: neverGivenBack(fed), failpoints: { reach } }) }
    }
    const [living, lost, taking] = [counting(), counting(), counting()]

    for (let outage = 0; outage < 3; outage++) await living.member.assigned(lane)
    await living.member.deliver(lane, records.slice(0, 2), signal)
    await lost.member.assigned(lane)
    await taking.member.assigned(lane)
    await taking.member.deliver(lane, records.slice(2), signal)

    expect(living.tried.alone).toBe(0)
    // The first record alone; then lots that grow.
    expect(taking.tried.alone).toBe(1)
    expect(await fed.state()).toMatchObject({ next: 16 })
  })

  it('is not suspected where nothing failed but the question where its lane begins', async () => {
    await using fed = await HandFed.open(url)
    const records = fed.records(await fed.account('a', 2))
    const tried: string[] = []
    let failures = 2
    const lost = () => Promise.reject(new Error('planted: the brokers do not answer'))
    const member = fed.member({
      boundsOf: () => (failures-- > 0 ? lost() : Promise.resolve({ earliest: 0n, end: 3n })),
      failpoints: {
        reach: (point) => {
          if (point === 'attempt:after') tried.push(point)
        },
      },
    })
    for (let time = 0; time < 2; time++) await expect(member.assigned(lane)).rejects.toThrow('planted')

    await member.assigned(lane)
    await member.deliver(lane, records.slice(0, 1), signal)
    const heir = fed.member({ boundsOf: lost })
    for (let time = 0; time < 2; time++) await expect(heir.assigned(lane)).rejects.toThrow('planted')

    expect(await fed.parts.checkpoints.take({ name: 'balances', generation: 1 }, lane)).toMatchObject({
      suspect: false,
    })
    expect(tried).toEqual([])
  })

  it('stays suspected where that fails, too', async () => {
    await using fed = await HandFed.open(url)
    const { checkpoints } = fed.parts
    const subscriber = { name: 'balances', generation: 1 }
    for (let death = 0; death < 2; death++) await checkpoints.take(subscriber, lane)

    const member = fed.member({ boundsOf: () => Promise.reject(new Error('planted')) })
    await expect(member.assigned(lane)).rejects.toThrow('planted')

    expect(await checkpoints.take(subscriber, lane)).toMatchObject({ suspect: true })
  })

  it('is not suspected by who asked in vain and could not give its lane back either', async () => {
    await using fed = await HandFed.open(url)
    const tried: string[] = []
    let failures = 2
    const member = fed.member({
      checkpoints: neverGivenBack(fed),
      boundsOf: () =>
        failures-- > 0 ? Promise.reject(new Error('planted')) : Promise.resolve({ earliest: 0n, end: 2n }),
      failpoints: {
        reach: (point) => {
          if (point === 'attempt:after') tried.push(point)
        },
      },
    })
    for (let time = 0; time < 2; time++) await member.assigned(lane).catch(() => undefined)

    await member.assigned(lane)
    await member.deliver(lane, fed.records(await fed.account('a', 1)), signal)

    expect(tried).toEqual([])
  })

  it('is not suspected when its lane was given back in order, however often', async () => {
    await using fed = await HandFed.open(url)
    for (let start = 0; start < 4; start++) {
      const member = fed.member()
      await member.assigned(lane)
      await member.revoked(lane)
    }

    expect(await fed.parts.checkpoints.take({ name: 'balances', generation: 1 }, lane)).toMatchObject({
      suspect: false,
    })
  })

  it('keeps the count of its tries from one process to the next', async () => {
    await using fed = await HandFed.open(url, failing)
    const subscriber = { name: 'balances', generation: 1 }
    for (let before = 0; before < 4; before++) await fed.parts.checkpoints.countAttempt(subscriber, lane, 0n)
    const tries: string[] = []
    const member = fed.member({
      failpoints: {
        reach: (point) => {
          if (point === 'attempt:after') tries.push(point)
        },
      },
    })
    await member.assigned(lane)
    const events = await fed.account('a', 3)
    const [poison] = events.slice(3)
    await ask(url, `INSERT INTO reprise_read.guards VALUES ('balances', 1, 'account-a', 3)`)

    await member.deliver(lane, fed.records(poison === undefined ? [] : [poison]), signal)

    expect(tries).toHaveLength(1)
    expect(await fed.letters()).toMatchObject([{ class: 'handler', name: 'TypeError', attempts: 5 }])
  })
})

/** Lets no try go on before that. */
const atTry = (opened: Promise<unknown>) => async (point: string) => {
  if (point === 'attempt:after') await opened
}

/** A process that dies gives nothing back, and takes no count back either. */
function neverGivenBack(fed: HandFed): typeof fed.parts.checkpoints {
  const nothing = { value: () => Promise.resolve() }
  return Object.create(fed.parts.checkpoints, {
    ...forwarding(fed.parts.checkpoints, [
      'take',
      'move',
      'countAttempt',
      'forgetAttempts',
      'failedKeys',
      'wait',
    ]),
    giveBack: nothing,
    takeBackAttempt: nothing,
  }) as typeof fed.parts.checkpoints
}

/** Methods of another object, called on it. */
function forwarding<T extends object>(
  target: T,
  names: readonly (keyof T & string)[],
): PropertyDescriptorMap {
  return Object.fromEntries(
    names.map((name) => [name, { value: (target[name] as (...args: never[]) => unknown).bind(target) }]),
  )
}
