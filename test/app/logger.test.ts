import { describe, expect, it } from 'vitest'
import { masked, withoutCredentials } from '../../src/app/logger.js'

const hidden = new Set(['password', 'owner'])

describe('masked', () => {
  it('hides facts by name at any depth, whatever their case', () => {
    const facts = { Password: 'x', account: { owner: 'Ada', id: '576' }, list: [{ password: 'y' }] }

    expect(masked(facts, hidden)).toEqual({
      Password: '[masked]',
      account: { owner: '[masked]', id: '576' },
      list: [{ password: '[masked]' }],
    })
  })

  it('hides the password within a URL', () => {
    expect(masked({ url: 'postgres://me:s3cret@db:5432/bank' }, hidden)).toEqual({
      url: 'postgres://me:[masked]@db:5432/bank',
    })
    expect(withoutCredentials('cannot open kafka://me:s3cret@host:9092 now')).not.toContain('s3cret')
  })

  it('writes bigints as text, which JSON cannot hold otherwise', () => {
    expect(JSON.stringify(masked({ offset: 9_007_199_254_740_993n }, hidden))).toBe(
      '{"offset":"9007199254740993"}',
    )
  })

  it('ends in facts that contain themselves', () => {
    const facts: Record<string, unknown> = {}
    facts.self = facts

    expect(JSON.stringify(masked(facts, hidden))).toContain('…')
  })
})
