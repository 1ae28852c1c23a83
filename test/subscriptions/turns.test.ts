import { describe, expect, it } from 'vitest'
import { Turns } from '../../src/subscriptions/turns.js'
import { Gate } from '../support/gate.js'

const { signal } = new AbortController()
const LONG = 60_000

describe('turns', () => {
  it('are taken one at a time, in the order in which they were asked for, also after one that fails', async () => {
    const turns = new Turns()
    const gate = new Gate()
    const seen: string[] = []
    const take = (name: string, waitsFor: Promise<unknown> = Promise.resolve()) =>
      turns.take(
        async () => {
          seen.push(`${name} begins`)
          await waitsFor
          seen.push(`${name} ends`)
          if (name === 'first') throw new Error('planted')
        },
        LONG,
        signal,
      )

    const first = take('first', gate.opened).catch(() => 'failed')
    const others = [take('second'), take('third')]
    gate.open()

    expect(await first).toBe('failed')
    await Promise.all(others)
    expect(seen).toEqual(['first', 'second', 'third'].flatMap((name) => [`${name} begins`, `${name} ends`]))
  })

  it('are left at the signal, which gives the next one no right to begin', async () => {
    const turns = new Turns()
    const gate = new Gate()
    const leaving = new AbortController()
    const seen: string[] = []
    const first = turns.take(() => gate.opened.then(() => seen.push('first')), LONG, signal)
    const left = turns.take(() => Promise.resolve(seen.push('left')), LONG, leaving.signal)
    const next = turns.take(() => Promise.resolve(seen.push('next')), LONG, signal)

    leaving.abort()
    expect(await left).toBe('lost')
    gate.open()
    await Promise.all([first, next])

    expect(seen).toEqual(['first', 'next'])
  })

  it('are waited for no longer than one has patience, and that only once', async () => {
    const turns = new Turns()
    const never = new Gate()
    void turns.take(() => never.opened, LONG, signal)

    expect(await turns.take(() => Promise.resolve('second'), 1, signal)).toBe('second')
    expect(await turns.take(() => Promise.resolve('third'), LONG, signal)).toBe('third')
  })
})
