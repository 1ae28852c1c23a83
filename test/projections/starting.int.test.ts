import { isDeepStrictEqual } from 'node:util'
import { beforeEach, describe, expect, it } from 'vitest'
import { Reprise } from 'reprise'
import type { Generations } from '../../src/projections/generation.js'
import { ProjectionRunner } from '../../src/projections/projection-runner.js'
import { bank } from '../support/bank.js'
import { caughtUpAll } from '../support/bank-facts.js'
import { raised } from '../support/bank-releases.js'
import { openAccounts } from '../support/load.js'
import { foldedBalances, quietly, ReadSide, shownBalances, useFreshDatabases } from '../support/read-side.js'
import { waitFor } from '../support/wait-for.js'

const freshDatabase = useFreshDatabases()
let url = ''
beforeEach(async () => {
  url = await freshDatabase()
})

/** Generations of which one call is answered by whatever is made of its answer. */
function answering(
  generations: Generations,
  call: keyof Generations,
  answered: (answer: () => unknown) => unknown,
): Generations {
  return new Proxy(generations, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name, target)
      if (typeof member !== 'function') return member
      if (name !== call) return member.bind(target) as unknown
      return (...parameters: unknown[]): unknown => answered(() => Reflect.apply(member, target, parameters))
    },
  })
}

/** Generations of which one call fails so many times with what a lost connection says. */
function failing(generations: Generations, call: keyof Generations, times: number): Generations {
  let left = times
  return answering(generations, call, (answer) =>
    left-- > 0 ? Promise.reject(new Error('Connection terminated unexpectedly')) : answer(),
  )
}

/** Generations at whose first call of a kind something happens, once it is done and before its answer is there. */
function meanwhile(
  generations: Generations,
  call: keyof Generations,
  happen: () => Promise<void>,
): Generations {
  let happened = false
  return answering(generations, call, async (answer) => {
    try {
      return await answer()
    } finally {
      if (!happened) {
        happened = true
        await happen()
      }
    }
  })
}

/** Builds the second generation, empty, from this definition. Answers what makes it live. */
async function secondOf(generations: Generations): Promise<() => Promise<void>> {
  await generations.createBuilding()
  await generations.hold(1, 30_000, 1_000)
  return async () => {
    expect(await generations.swap(1, 2)).toBe('swapped')
  }
}

/** What the bank wrote before it stopped. */
async function leaveBalances(): Promise<void> {
  await using app = await Reprise.start(bank, quietly(url))
  await openAccounts(app, 2, 2)
  await caughtUpAll(app, url)
}

describe('the start of a runner', () => {
  it.each(['ensureLive', 'setState'] as const)(
    'tries again when the database is away at %s',
    async (call) => {
      await using app = await Reprise.start(bank, quietly(url))
      await openAccounts(app, 1, 1)
      await using side = await ReadSide.open(url)
      const parts = side.parts('balances')
      const runner = new ProjectionRunner({ ...parts, generations: failing(parts.generations, call, 3) })

      await runner.start()

      expect(runner.feeding).toMatchObject({ projection: 'balances', generation: 1 })
      await runner.stop()
    },
  )

  it('that is stopped meanwhile ends', async () => {
    await using side = await ReadSide.open(url)
    const parts = side.parts('balances')
    const runner = new ProjectionRunner({
      ...parts,
      generations: failing(parts.generations, 'ensureLive', 1_000),
    })

    const starting = runner.start().catch((error: unknown) => String(error))
    await runner.stop()

    expect(await starting).toContain('Connection terminated unexpectedly')
  })

  it('that is stopped while it learns what is live leaves it when it has begun', async () => {
    await leaveBalances()
    await using side = await ReadSide.open(url)
    const parts = side.parts('balances')
    let stopping: Promise<void> | undefined
    const stop = () => {
      stopping = runner.stop()
      return Promise.resolve()
    }
    const generations = meanwhile(parts.generations, 'ensureLive', stop)
    const runner = new ProjectionRunner({ ...parts, generations })

    await runner.start()
    await stopping

    expect(runner.feeding).toBeUndefined()
  })

  it('goes over to a generation that goes live before it has joined the one before', async () => {
    await leaveBalances()
    await using side = await ReadSide.open(url)
    const parts = side.parts('balances')
    const goLive = await secondOf(parts.generations)
    const generations = meanwhile(parts.generations, 'setState', goLive)
    const runner = new ProjectionRunner({ ...parts, generations })

    await runner.start()

    await waitFor(() => runner.feeding?.generation === 2, { what: 'it to feed what is live' })
    const balances = await foldedBalances(url)
    await waitFor(async () => isDeepStrictEqual(await shownBalances(url), balances), { what: 'the balances' })
    await runner.stop()
  })

  it('stands by, and is not refused, where its generation goes live right after it was found not to be', async () => {
    await leaveBalances()
    await using side = await ReadSide.open(url, raised)
    const parts = side.parts('balances')
    const goLive = await secondOf(parts.generations)
    const generations = meanwhile(parts.generations, 'ensureLive', goLive)
    const runner = new ProjectionRunner({ ...parts, generations })

    await runner.start()

    expect(runner.aside).toContain('was built as version 1, the code declares 2')
    await runner.follow()
    expect(runner.aside).toBeUndefined()
    expect(runner.feeding).toMatchObject({ generation: 2 })
    await runner.stop()
  })

  it('leaves the first generation to a newer process that makes it at the same time', async () => {
    await using newer = await ReadSide.open(url, raised)
    await using side = await ReadSide.open(url)
    const parts = side.parts('balances')
    const generations = meanwhile(parts.generations, 'status', async () => {
      await newer.parts('balances').generations.ensureLive()
    })
    const runner = new ProjectionRunner({ ...parts, generations })

    await runner.start()

    expect(runner.feeding).toBeUndefined()
    expect(runner.aside).toContain('was built as version 2 by a newer release, the code declares 1')
    await runner.stop()
  })
})
