import { describe, expect, it } from 'vitest'
import { openAll } from '../../src/app/open-all.js'

describe('openAll', () => {
  it('gives what was opened with one close for all of it, last first', async () => {
    const closed: string[] = []
    const { name, close } = await openAll((closing) => {
      closing.add(() => Promise.resolve(closed.push('server')))
      closing.add(() => Promise.resolve(closed.push('log')))
      return Promise.resolve({ name: 'bank' })
    })
    expect(name).toBe('bank')
    expect(closed).toEqual([])

    await close()

    expect(closed).toEqual(['log', 'server'])
  })

  it('closes what was opened where the next cannot be, and says what that failed at, not what closing did', async () => {
    const closed: string[] = []
    const opening = openAll((closing) => {
      closing.add(() => Promise.resolve(closed.push('server')))
      closing.add(() => Promise.reject(new Error('the log does not close')))
      return Promise.reject(new Error('the topic is missing'))
    })

    await expect(opening).rejects.toThrow('the topic is missing')
    expect(closed).toEqual(['server'])
  })
})
