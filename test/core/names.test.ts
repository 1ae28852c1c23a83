import { describe, expect, it } from 'vitest'
import { nameFault, type NameKind } from '../../src/core/names.js'

describe('nameFault', () => {
  it.each<[NameKind, string]>([
    ['app', 'banking'],
    ['aggregate', 'account'],
    ['table', 'statement_lines'],
    ['column', `a${'b'.repeat(40)}`],
    ['event', 'bank.MoneyDeposited_v2'],
    ['field', 'type'],
    ['field', '_id'],
  ])('finds none with the %s name %s', (kind, name) => {
    expect(nameFault(kind, name)).toBeUndefined()
  })

  it.each<[NameKind, unknown]>([
    ['app', 'Banking'],
    ['app', 'pg_catalog'],
    ['app', 'public'],
    ['app', 'reprise_store'],
    ['aggregate', 'account-type'],
    ['table', 'x"; drop table y; --'],
    ['table', 'balances\n'],
    ['column', 'ctid'],
    ['column', `a${'b'.repeat(41)}`],
    ['event', '1st'],
    ['event', ''],
    ['command', 'x'.repeat(101)],
    ['field', '__proto__'],
    ['projection', undefined],
  ])('finds one with the %s name %j', (kind, name) => {
    expect(nameFault(kind, name)).toBeTypeOf('string')
  })
})
