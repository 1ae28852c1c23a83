import { describe, expect, it } from 'vitest'
import { table } from '../../src/cli/table.js'

describe('table', () => {
  it('aligns columns under their headings, numbers to the right', () => {
    const rows = [
      ['balances', '7', 'ready'],
      ['statements', '1200', '-'],
    ]

    expect(table(['NAME', 'LAG', 'STATE'], rows, { plain: false })).toBe(
      ['NAME         LAG  STATE', 'balances       7  ready', 'statements  1200  -'].join('\n'),
    )
  })

  it('gives tab-separated lines without headings when plain', () => {
    expect(table(['NAME', 'LAG'], [['balances', '7']], { plain: true })).toBe('balances\t7')
  })

  it('shows nothing that could move the cursor or break a line', () => {
    expect(table(['ERROR'], [['first\nsecond\u001B[2J']], { plain: true })).toBe('first second [2J')
  })
})
