import { describe, expect, it } from 'vitest'
import { StopTimedOut } from 'reprise'
import { closeInTime } from '../../src/app/close-in-time.js'
import { ClosingStack } from '../../src/app/closing-stack.js'
import { RecordingLogger } from '../support/recording-logger.js'

const closing = (last: () => Promise<unknown>) => {
  const done: string[] = []
  const stack = new ClosingStack()
  stack.add(last, 'the commands under way')
  const databases = { cut: () => done.push('cut') }
  const logger = new RecordingLogger()
  const model = { name: 'bank' }
  const close = (shutdownTimeout: number) =>
    closeInTime(stack, { model, settings: { shutdownTimeout }, databases, logger }, () =>
      done.push('given up'),
    )
  return { done, close, lines: () => logger.lines.map(({ message }) => message) }
}

describe('closeInTime', () => {
  it('gives up what waits for an answer, then cuts the connections, and names what had not ended', async () => {
    const { done, close, lines } = closing(() => new Promise(() => undefined))

    const failure: unknown = await close(20).catch((error: unknown) => error)

    expect(failure).toBeInstanceOf(StopTimedOut)
    expect(failure).toMatchObject({ facts: { unfinished: 'the commands under way', timeoutMs: 20 } })
    expect(done).toEqual(['given up', 'cut'])
    expect(lines()).toEqual(['bank is stopping'])
  })

  it('cuts nothing where all ends in time, and tells both ends', async () => {
    const { done, close, lines } = closing(() => Promise.resolve())

    await close(60_000)

    expect(done).toEqual([])
    expect(lines()).toEqual(['bank is stopping', 'bank has stopped'])
  })
})
