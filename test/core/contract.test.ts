import { describe, expect, it } from 'vitest'
import { defineContract, isContract } from '../../src/core/contract.js'
import { DomainEvent } from '../../src/core/event.js'
import { long } from '../../src/core/fields/index.js'

class Deposited extends DomainEvent('Deposited', { amount: long() }) {}
class Unsafe extends DomainEvent('not safe', {}) {}

const define = (options: object) =>
  defineContract({ name: 'account', topic: 'banking.account', events: [Deposited], ...options })

describe('defineContract', () => {
  it('gives a plain value that cannot be changed', () => {
    const contract = defineContract({ name: 'account', topic: 'banking.account', events: [Deposited] })

    expect(contract).toMatchObject({
      name: 'account',
      topic: 'banking.account',
      events: [Deposited],
      guard: 'versions',
      faults: [],
    })
    expect(Object.isFrozen(contract) && Object.isFrozen(contract.events)).toBe(true)
    expect(isContract(contract)).toBe(true)
    expect(isContract({ ...JSON.parse(JSON.stringify(contract)) })).toBe(false)
  })

  it('remembers ids of events for a minute or more', () => {
    expect(define({ guard: { eventIds: '60m' } })).toMatchObject({
      guard: { eventIds: 3_600_000 },
      faults: [],
    })
    expect(define({ guard: { eventIds: 60_000 } })).toMatchObject({ guard: { eventIds: 60_000 }, faults: [] })
    expect(define({ guard: 'offsets' })).toMatchObject({ guard: 'offsets', faults: [] })
  })

  it.each([{ eventIds: 59_999 }, { eventIds: Infinity }, { eventIds: 'long' }, {}, null, 'hope', 5])(
    'cannot be guarded by %j',
    (guard) => {
      expect(define({ guard }).faults).toEqual([
        `contract account: guard must be 'versions', 'offsets', or { eventIds } with a time of one minute or more`,
      ])
    },
  )

  it.each(['a', 'a.b_c-D', 'x'.repeat(249), '...'])('takes the topic %j', (topic) => {
    expect(define({ topic }).faults).toEqual([])
  })

  it.each(['', '.', '..', 'a b', 'žlutý', 'x'.repeat(250), undefined, 5])('refuses the topic %j', (topic) => {
    expect(define({ topic }).faults).toEqual([expect.stringContaining('contract account: the topic')])
  })

  it('collects every fault, those of its events included', () => {
    const events = [Deposited, Deposited, undefined, Unsafe]

    expect(define({ name: 'Account', topic: '', events, guard: 'hope' }).faults).toEqual([
      expect.stringContaining('contract Account: the contract name "Account" must match'),
      expect.stringContaining('contract Account: the topic "" must match'),
      'contract Account: the event Deposited is listed twice',
      expect.stringContaining('contract Account: events[2] needs an event class'),
      expect.stringContaining('contract Account: the event name "not safe" must match'),
      expect.stringContaining('contract Account: guard must be'),
    ])
    expect(define({ events: [] }).faults).toEqual(['contract account: events must not be empty'])
    expect(define({ events: undefined }).faults).toEqual([
      'contract account: events must be a list of event classes',
    ])
  })
})
