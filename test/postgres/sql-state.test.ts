import { DatabaseError } from 'pg'
import { describe, expect, it } from 'vitest'
import { isTransient } from '../../src/postgres/sql-state.js'

describe('isTransient', () => {
  it.each([
    ['40001', 'serialization_failure'],
    ['08006', 'connection_failure'],
    ['53100', 'disk_full'],
    ['53200', 'out_of_memory'],
    ['53300', 'too_many_connections'],
    ['53400', 'configuration_limit_exceeded'],
    ['25006', 'read_only_sql_transaction'],
    ['57P01', 'admin_shutdown'],
    ['57P05', 'idle_session_timeout'],
  ])('counts %s %s', (code) => {
    expect(isTransient(databaseError(code))).toBe(true)
  })

  it.each([
    ['23505', 'unique_violation'],
    ['42P01', 'undefined_table'],
    ['25P02', 'in_failed_sql_transaction'],
    ['54000', 'program_limit_exceeded'],
  ])('does not count %s %s', (code) => {
    expect(isTransient(databaseError(code))).toBe(false)
  })

  it.each([
    'Connection terminated',
    'Connection terminated unexpectedly',
    'Connection terminated due to connection timeout',
    'Client has encountered a connection error and is not queryable',
    'Client was closed and is not queryable',
    'timeout expired',
    'timeout exceeded when trying to connect',
  ])('counts what the driver says of a lost connection: %s', (message) => {
    expect(isTransient(new Error(message))).toBe(true)
  })

  it.each(['the gate says: connection terminated', 'promotion timeout expired', 'this row is not queryable'])(
    'does not count words that only look like it: %s',
    (message) => {
      expect(isTransient(new Error(message))).toBe(false)
    },
  )

  it('counts the codes of a socket that was lost, and no code of another kind', () => {
    expect(isTransient(Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' }))).toBe(true)
    expect(isTransient(Object.assign(new Error('no such file'), { code: 'ENOENT' }))).toBe(false)
    expect(isTransient(Object.assign(new Error('not from the database'), { code: '40001' }))).toBe(false)
  })
})

const databaseError = (code: string): DatabaseError =>
  Object.assign(new DatabaseError('planted', 7, 'error'), { code })
