import { describe, expect, it } from 'vitest'
import { Lanes } from '../../../examples/banking/src/import/lanes.js'

/** A promise that is settled from outside. */
function deferred() {
  let resolve: () => void = () => undefined
  let reject: (error: Error) => void = () => undefined
  const promise = new Promise<void>((onResolve, onReject) => {
    resolve = onResolve
    reject = onReject
  })
  return { promise, resolve, reject }
}

/** Runs everything that is due before a timer. */
const settled = () => new Promise((resolve) => setImmediate(resolve))

describe('Lanes', () => {
  it('runs the work of one key in order and of two keys side by side', async () => {
    const lanes = new Lanes({ waiting: 10, running: 10 })
    const first = deferred()
    const begun: string[] = []
    const work = (name: string, until?: Promise<void>) => () => {
      begun.push(name)
      return until ?? Promise.resolve()
    }

    await lanes.add('a', work('a1', first.promise))
    await lanes.add('a', work('a2'))
    await lanes.add('b', work('b1'))
    await settled()
    expect(begun).toEqual(['a1', 'b1'])
    first.resolve()
    await lanes.done()

    expect(begun).toEqual(['a1', 'b1', 'a2'])
  })

  it('begins nothing after a failure, and rejects with it', async () => {
    const lanes = new Lanes({ waiting: 10, running: 10 })
    const first = deferred()
    const begun: string[] = []

    await lanes.add('a', () => first.promise)
    await lanes.add('a', () => {
      begun.push('a2')
      return Promise.resolve()
    })
    first.reject(new Error('a1 failed'))

    await expect(lanes.done()).rejects.toThrow('a1 failed')
    await expect(lanes.add('b', () => Promise.resolve())).rejects.toThrow('a1 failed')
    expect(begun).toEqual([])
  })

  it('accepts no more than it has places for, and runs no more than it may', async () => {
    const lanes = new Lanes({ waiting: 3, running: 2 })
    const gate = deferred()
    let running = 0
    let most = 0
    const work = async () => {
      most = Math.max(most, ++running)
      await gate.promise
      running -= 1
    }
    let accepted = 0

    const adding = (async () => {
      for (let key = 0; key < 8; key++) {
        await lanes.add(String(key), work)
        accepted += 1
      }
    })()
    await settled()
    expect(accepted).toBe(3)
    gate.resolve()
    await adding
    await lanes.done()

    expect(most).toBe(2)
  })
})
