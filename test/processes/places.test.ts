import { describe, expect, it } from 'vitest'
import { Places } from '../../src/processes/places.js'
import { Gate } from '../support/gate.js'

describe('Places', () => {
  it('lets as many at a time as there are, and the others in the order in which they asked', async () => {
    const places = new Places(2)
    const gates = [new Gate(), new Gate(), new Gate(), new Gate()]
    const begun: number[] = []
    const all = gates.map((gate, nth) =>
      places.take(async () => {
        begun.push(nth)
        await gate.opened
      }),
    )
    expect(begun).toEqual([0, 1])

    gates[1]?.open()
    await all[1]
    expect(begun).toEqual([0, 1, 2])

    for (const gate of gates) gate.open()
    await Promise.all(all)
    expect(begun).toEqual([0, 1, 2, 3])
  })

  it('gives the place of work that failed to the next, and the failure to who asked', async () => {
    const places = new Places(1)
    const failing = places.take(() => Promise.reject(new Error('planted')))
    const next = places.take(() => Promise.resolve('done'))

    await expect(failing).rejects.toThrow('planted')
    expect(await next).toBe('done')
    expect(await places.take(() => Promise.resolve('again'))).toBe('again')
  })
})
