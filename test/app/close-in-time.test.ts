import { describe, expect, it } from 'vitest'
import { StopTimedOut } from 'reprise'
import { closeInTime } from '../../src/app/close-in-time.js'
import { ClosingStack } from '../../src/app/closing-stack.js'

const closing = (last: () => Promise<unknown>) => {
  const done: string[] = []
  const stack = new ClosingStack()
  stack.add(last, 'the commands under way')
  const databases = { cut: () => done.push('cut') }
  const close = (shutdownTimeout: number) =>
    closeInTime(stack, { settings: { shutdownTimeout }, databases }, () => done.push('given up'))
  return { done, close }
}

describe('closeInTime', () => {
  it('gives up what waits for an answer, then cuts the connections, and names what had not ended', async () => {
    const { done, close } = closing(() => new Promise(() => undefined))

    const failure: unknown = await close(20).catch((error: unknown) => error)

    expect(failure).toBeInstanceOf(StopTimedOut)
    expect(failure).toMatchObject({ facts: { unfinished: 'the commands under way', timeoutMs: 20 } })
    expect(done).toEqual(['given up', 'cut'])
  })

  it('cuts nothing where all ends in time', async () => {
    const { done, close } = closing(() => Promise.resolve())

    await close(60_000)

    expect(done).toEqual([])
  })
})
