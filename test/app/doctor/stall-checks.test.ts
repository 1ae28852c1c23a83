import { describe, expect, it } from 'vitest'
import { stallChecks, type Work } from '../../../src/app/doctor/stall-checks.js'

const lane: Work = {
  check: 'projection balances',
  place: 'bank.account/0',
  next: 4n,
  left: 3n,
  isShared: false,
}
const outbox: Work = { check: 'relay', place: 'the outbox', next: 7n, left: 12n, isShared: true }

describe('stallChecks', () => {
  it('says of an outbox that its first row stands, and not that nothing was done, and of a lane what is left', async () => {
    let left = outbox.left
    // Another relay publishes rows that come after the first.
    const look = () => Promise.resolve([lane, { ...outbox, left: (left -= left > 2n ? 1n : 0n) }])

    const checks = await stallChecks(look, new Set(), 'in outboxes and lanes')

    expect(checks).toMatchObject([
      {
        check: 'progress of projection balances',
        state: 'problem',
        fact: 'did not get on in 5 s: bank.account/0 (3 left)',
      },
      {
        check: 'progress of relay',
        state: 'problem',
        fact: 'did not get on in 5 s: the first row of the outbox, where 11 wait',
      },
    ])
  })
})
