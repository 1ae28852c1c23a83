import { describe, expect, it } from 'vitest'
import { ClosingStack } from '../../src/app/closing-stack.js'

describe('ClosingStack', () => {
  it('closes last first, also after one that failed, and rejects with the first failure', async () => {
    const closed: string[] = []
    const stack = new ClosingStack()
    for (const name of ['server', 'pool', 'log', 'relay'])
      stack.add(() => {
        closed.push(name)
        return name === 'log' || name === 'pool' ? Promise.reject(new Error(name)) : Promise.resolve()
      })

    await expect(stack.close()).rejects.toThrow('log')
    expect(closed).toEqual(['relay', 'log', 'pool', 'server'])
  })

  it('cuts what has not ended at the deadline, names it, and does not wait for it on and on', async () => {
    const stack = new ClosingStack()
    let cut = false
    stack.add(() => new Promise(() => undefined), 'the pool')
    stack.add(() => Promise.resolve(), 'the relay')

    const closing = stack.closeWithin({
      milliseconds: 50,
      cut: () => (cut = true),
      failure: (unfinished) => new Error(`${unfinished} is late`),
    })

    await expect(closing).rejects.toThrow('the pool is late')
    expect(cut).toBe(true)
  })

  it('begins every step, also where one before it never ends', async () => {
    const stack = new ClosingStack()
    const closed: string[] = []
    stack.add(() => Promise.resolve(closed.push('the pool')), 'the pool')
    stack.add(() => new Promise(() => undefined), 'what brings it commands')

    const closing = stack.closeWithin({
      milliseconds: 50,
      cut: () => undefined,
      failure: (unfinished) => new Error(`${unfinished} is late`),
    })

    await expect(closing).rejects.toThrow('what brings it commands is late')
    expect(closed).toEqual(['the pool'])
  })

  it('cuts nothing that ends in time, and rejects with its failure as ever', async () => {
    const stack = new ClosingStack()
    stack.add(() => Promise.reject(new Error('the pool')))
    const late = { milliseconds: 5_000, failure: () => new Error('late') }

    const cut = (): void => expect.unreachable('nothing was late')
    await expect(stack.closeWithin({ ...late, cut })).rejects.toThrow('the pool')
  })

  it('closes once', async () => {
    let closed = 0
    const stack = new ClosingStack()
    stack.add(() => Promise.resolve(closed++))

    await Promise.all([stack.close(), stack.close()])

    expect(closed).toBe(1)
  })
})
