import { beforeEach, describe, expect, it } from 'vitest'
import type { Subscriber } from '../../src/subscriptions/index.js'
import type { ReadTransaction } from '../../src/subscriptions/postgres/index.js'
import { Gate } from '../support/gate.js'
import { HandFed, lane } from '../support/hand-fed.js'
import { useFreshDatabases } from '../support/read-side.js'

const freshDatabase = useFreshDatabases()
const signal = new AbortController().signal
const subscriber = { name: 'balances', generation: 1 }

let url = ''
beforeEach(async () => {
  url = await freshDatabase()
})

/** The balances as effects are: each event in a transaction of its own, and no opening of an account is acted on. */
function actingOn(fed: HandFed): Subscriber<ReadTransaction> {
  const shipped = fed.parts.subscriberFor(fed.generation)
  return {
    ...subscriber,
    kind: 'effect',
    oneAtATime: true,
    handles: shipped.handles,
    wants: ({ type }) => type !== 'AccountOpened',
    apply: (tx, envelopes) => shipped.apply(tx, envelopes),
  }
}

/** A member that acts, and counts how often it tries a record alone. */
function actor(fed: HandFed, attempts = 5) {
  const tried = { alone: 0 }
  const reach = (point: string) => {
    if (point === 'attempt:after') tried.alone += 1
  }
  const member = fed.member({ subscriber: actingOn(fed), attempts, failpoints: { reach } })
  return { tried, member }
}

/** As processes leave a lane that died in it at one place. */
async function dieTwice({ parts: { checkpoints } }: HandFed): Promise<void> {
  for (let death = 0; death < 2; death++) await checkpoints.take(subscriber, lane)
}

const isSuspect = async ({ parts: { checkpoints } }: HandFed): Promise<boolean> => {
  const taken = await checkpoints.take(subscriber, lane)
  return taken !== 'retired' && taken.suspect
}

type Apply = Subscriber<ReadTransaction>['apply']

/** Two lanes that are suspected, of effects the first, and of the projection the other, with their records. */
async function twoSuspects(fed: HandFed, effects: Apply, projection: Apply) {
  const other = { ...lane, partition: 1 }
  for (const suspected of [lane, other]) await fed.parts.checkpoints.countAttempt(subscriber, suspected, 0n)
  const acting = fed.member({ subscriber: { ...actingOn(fed), apply: effects } })
  const writing = fed.member({
    subscriber: { ...subscriber, handles: actingOn(fed).handles, apply: projection },
  })
  await acting.assigned(lane)
  await writing.assigned(other)
  const own = fed.records(await fed.account('a', 1))
  const others = fed.records(await fed.account('b', 1)).map((record) => ({ ...record, ...other }))
  return {
    act: (leaving = signal) => acting.deliver(lane, own, leaving),
    write: () => writing.deliver(other, others, signal),
  }
}

describe('a lane of effects in which processes died', () => {
  it('is trusted again once the first event is settled that is acted on, since each has a transaction of its own', async () => {
    await using fed = await HandFed.open(url)
    await dieTwice(fed)
    const { member, tried } = actor(fed)

    await member.assigned(lane)
    await member.deliver(lane, fed.records(await fed.account('a', 6)), signal)

    // The opening, which shares no transaction with an event that is acted on, and the first deposit.
    expect(tried.alone).toBe(2)
    expect(await fed.state()).toMatchObject({ next: 7, balances: { a: '111111' } })
    expect(await isSuspect(fed)).toBe(false)
  })

  it('is suspected as far as that event, also by who takes it from a process that died on the way', async () => {
    await using fed = await HandFed.open(url)
    await dieTwice(fed)
    const records = fed.records(await fed.account('a', 2))
    const { member } = actor(fed)

    await member.assigned(lane)
    await member.deliver(lane, records.slice(0, 1), signal)

    expect(await fed.state()).toMatchObject({ next: 1 })
    expect(await isSuspect(fed)).toBe(true)
  })

  it('is trusted again once that event is parked, too', async () => {
    await using fed = await HandFed.open(url)
    await fed.parts.checkpoints.countAttempt(subscriber, lane, 0n)
    const [, poison] = await fed.account('a', 1)
    const others = await fed.account('b', 4)
    const { member, tried } = actor(fed, 1)

    await member.assigned(lane)
    await member.deliver(lane, fed.records(poison === undefined ? [] : [poison, ...others]), signal)

    expect(await fed.letters()).toMatchObject([{ offset: 0, name: 'ProcessDied' }])
    expect(tried.alone).toBe(1)
    expect(await fed.state()).toMatchObject({ next: 6, balances: { b: '1111' } })
    expect(await isSuspect(fed)).toBe(false)
  })

  it('is not waited for by suspects of projections, which are settled while a handler runs', async () => {
    await using fed = await HandFed.open(url)
    const [acting, acted] = [new Gate(), new Gate()]
    const handler = () => {
      acting.open()
      return acted.opened
    }
    const { act, write } = await twoSuspects(fed, handler, () => Promise.resolve())
    const handled = act()
    await acting.opened

    expect(await write()).toBe(2n)

    acted.open()
    expect(await handled).toBe(2n)
  })

  it('waits for a suspect of a projection that came before, so as not to be counted where that ends the process', async () => {
    await using fed = await HandFed.open(url)
    const [writing, written] = [new Gate(), new Gate()]
    const handler = () => {
      writing.open()
      return written.opened
    }
    const { act, write } = await twoSuspects(fed, () => Promise.resolve(), handler)
    const applied = write()
    await writing.opened
    const leaving = new AbortController()
    const handled = act(leaving.signal)

    // One was left by the process that died; whoever is tried is counted before, which takes a question or two.
    for (let question = 0; question < 20; question++)
      expect((await fed.attempts()).map(({ attempts }) => attempts).sort()).toEqual([1, 2])
    leaving.abort()

    expect(await handled).toBe(0n)
    written.open()
    expect(await applied).toBe(2n)
  })
})
