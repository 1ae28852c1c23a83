import { expect, it } from 'vitest'
import { counted } from '../../src/core/counted.js'

it('counts one and several in words', () => {
  expect([0, 1, 2n, 1n].map((count) => counted(count, 'letter'))).toEqual([
    '0 letters',
    '1 letter',
    '2 letters',
    '1 letter',
  ])
  expect(counted(1, 'process', 'processes')).toBe('1 process')
  expect(counted(3, 'process', 'processes')).toBe('3 processes')
})
