import { describe, expect, it, onTestFinished } from 'vitest'
import { DefinitionError } from 'reprise'
import type { PreparationsModel } from '../../src/aggregates/aggregate-model.js'
import { type PreparingStep, preparingSteps } from '../../src/aggregates/preparing.js'
import { targetOf } from '../../src/core/command.js'
import { TimedOut } from '../../src/core/errors/index.js'
import { Gate } from '../support/gate.js'
import { uniqueName } from '../support/kafka.js'
import { club, Greet, greetings, Join, Say } from '../support/members.js'
import { eventsIn } from '../support/store-facts.js'
import { waitFor } from '../support/wait-for.js'
import { within } from '../support/within-transaction.js'
import { useMigratedDatabase, type WriteSide } from '../support/write-side.js'

const database = useMigratedDatabase()

/** A write side whose greetings are prepared in this way. */
const sideWith = (run: PreparingStep['run'], timeout = 10_000): WriteSide => {
  const step = { name: 'Greetings.look', timeout, run }
  return database.writeSide({ app: club, options: { preparations: new Map([['Greet', step]]) } })
}

const joined = async (side: WriteSide): Promise<string> => {
  const memberId = uniqueName('member')
  await side.bus.execute(new Join({ memberId, email: `${memberId}@example.org` }))
  return memberId
}

describe('a preparing step', () => {
  it('gives its answer to the handler, and is not asked by commands without one', async () => {
    let runs = 0
    const side = sideWith((command) => Promise.resolve(`hello ${targetOf(command)}, ${++runs}`))
    const memberId = await joined(side)

    await side.bus.execute(new Greet({ memberId }))

    expect((await eventsIn(database.pool, memberId))[1]?.payload).toEqual({ text: `hello ${memberId}, 1` })
    expect(runs).toBe(1)
  })

  it('runs once for a command that is decided several times, with one answer for each decision', async () => {
    let runs = 0
    const rival = database.writeSide({ app: club })
    const side = sideWith(() => Promise.resolve(`answer ${++runs}`))
    const memberId = await joined(side)
    await rival.bus.execute(new Say({ memberId, text: 'I was first' }))
    greetings.length = 0

    expect((await side.bus.execute(new Greet({ memberId }))).version).toBe(3)

    expect(greetings).toEqual(['answer 1', 'answer 1'])
    expect(runs).toBe(1)
  })

  it('that fails has the caller get its error as it is, and nothing appended', async () => {
    const failure = new Error('the service is out for lunch')
    const side = sideWith(() => Promise.reject(failure))
    const memberId = await joined(side)

    await expect(side.bus.execute(new Greet({ memberId }))).rejects.toBe(failure)
    await expect(
      side.bus.executeAll([new Greet({ memberId }), new Say({ memberId: await joined(side), text: '' })]),
    ).rejects.toBe(failure)

    expect(await eventsIn(database.pool, memberId)).toHaveLength(1)
  })

  it('that takes too long is given up, named and told so', async () => {
    const signals: AbortSignal[] = []
    const gate = new Gate()
    const side = sideWith(async (_, signal) => {
      signals.push(signal)
      await gate.opened
      throw new Error('nobody waits for this any more')
    }, 30)
    const memberId = await joined(side)
    const unhandled: unknown[] = []
    const note = (reason: unknown) => void unhandled.push(reason)
    process.on('unhandledRejection', note)
    onTestFinished(() => void process.off('unhandledRejection', note))

    const executing = side.bus.execute(new Greet({ memberId }))

    await expect(executing).rejects.toBeInstanceOf(TimedOut)
    await expect(executing).rejects.toThrow('waited 30 ms for the preparing step Greetings.look of Greet')
    expect(signals[0]?.reason).toBeInstanceOf(TimedOut)
    gate.open()
    await side.bus.idle()
    await new Promise(setImmediate)
    expect(unhandled).toEqual([])
    expect(await eventsIn(database.pool, memberId)).toHaveLength(1)
  })

  it('does not run for a retry of a command that was accepted, here or after a restart', async () => {
    let runs = 0
    const look = () => Promise.resolve(`${++runs}`)
    const side = sideWith(look)
    const memberId = await joined(side)
    const options = { commandId: uniqueName('id') }

    const first = await side.bus.execute(new Greet({ memberId }), options)
    const again = await side.bus.execute(new Greet({ memberId }), options)
    const later = await sideWith(look).bus.execute(new Greet({ memberId }), options)
    const inside = await within(side.pool, 'pg client', ({ tx }) =>
      side.bus.execute(new Greet({ memberId }), { ...options, tx }),
    )

    expect([again, later, inside]).toEqual([first, first, first])
    expect(runs).toBe(1)
  })

  it('keeps no other command of the stream waiting', async () => {
    const [started, gate] = [new Gate(), new Gate()]
    const side = sideWith(() => {
      started.open()
      return gate.opened
    })
    const memberId = await joined(side)

    const greeting = side.bus.execute(new Greet({ memberId }))
    await started.opened
    const said = await side.bus.execute(new Say({ memberId, text: 'meanwhile' }))
    gate.open()

    expect([said.version, (await greeting).version]).toEqual([2, 3])
  })

  it('is waited for when the bus is to become idle', async () => {
    const gate = new Gate()
    const side = sideWith(() => gate.opened)
    const memberId = await joined(side)
    let idle = false

    const greeting = side.bus.execute(new Greet({ memberId }))
    const resting = side.bus.idle().then(() => (idle = true))
    await joined(side)
    expect(idle).toBe(false)
    gate.open()
    await resting

    expect((await greeting).version).toBe(2)
  })
})

describe('the preparing steps of a group', () => {
  it('run side by side, once for each command, before any is decided', async () => {
    const gate = new Gate()
    const asked: string[] = []
    const side = sideWith(async (command) => {
      asked.push(targetOf(command))
      await gate.opened
      return `for ${targetOf(command)}`
    })
    const members = [await joined(side), await joined(side)]

    const executing = side.bus.executeAll([
      ...members.map((memberId) => new Greet({ memberId })),
      new Say({ memberId: await joined(side), text: 'unprepared' }),
    ])
    await waitFor(() => asked.length === 2, { what: 'both steps to run' })
    gate.open()
    await executing

    expect(asked).toEqual(members)
    for (const memberId of members)
      expect((await eventsIn(database.pool, memberId))[1]?.payload).toEqual({ text: `for ${memberId}` })
  })

  it('are told when one of them fails', async () => {
    const signals: AbortSignal[] = []
    const started = new Gate()
    const side = sideWith(async (_, signal) => {
      signals.push(signal)
      if (signals.length === 2) started.open()
      await started.opened
      if (signals[0] === signal) throw new Error('the first failed')
      return new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => {
          reject(new Error('given up'))
        })
      })
    })
    const members = [await joined(side), await joined(side)]

    const executing = side.bus.executeAll(members.map((memberId) => new Greet({ memberId })))

    await expect(executing).rejects.toThrow('the first failed')
    expect(signals[1]?.aborted).toBe(true)
  })
})

describe('preparingSteps', () => {
  class Greetings {
    constructor(readonly word: string) {}

    look({ memberId }: Greet, { signal }: { signal: AbortSignal }) {
      if (signal.aborted) throw new Error('too late')
      return `${this.word} ${memberId}`
    }
  }
  const model: PreparationsModel = {
    preparationsClass: Greetings,
    inject: [],
    steps: [{ command: Greet, method: 'look', timeout: 100, run: Greetings.prototype.look as never }],
  }

  it('run on the one instance of their class', async () => {
    const made: Greetings[] = []
    const steps = preparingSteps([model], () => {
      made.push(new Greetings('servus'))
      return made[0] as Greetings
    })

    const step = steps.get('Greet')

    expect(step?.name).toBe('Greetings.look')
    const { signal } = new AbortController()
    expect(await step?.run(new Greet({ memberId: '1' }), signal)).toBe('servus 1')
    expect(await step?.run(new Greet({ memberId: '2' }), signal)).toBe('servus 2')
    await expect(step?.run(new Greet({ memberId: '3' }), AbortSignal.abort())).rejects.toThrow('too late')
    expect(made).toHaveLength(1)
  })

  it('are refused when two are for one command', () => {
    const twice = () => preparingSteps([model, model], () => new Greetings('servus'))

    expect(twice).toThrow(DefinitionError)
    expect(twice).toThrow('Greetings.look and Greetings.look both prepare the command Greet')
  })
})
