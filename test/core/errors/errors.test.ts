import { describe, expect, it } from 'vitest'
import * as errors from '../../../src/core/errors/index.js'

const stream = { type: 'account', id: '576' }
const address = {
  topic: 'banking.account',
  partition: 3,
  offset: 41n,
  stream,
  version: 2,
  eventId: 'e-1',
  type: 'Opened',
}

/** One of each class, so that what holds for all is tried on all. */
const samples: readonly errors.RepriseError[] = [
  new errors.DefinitionError(['the first', 'the second']),
  new errors.CommandRejected('the balance does not cover it', { balance: 1n }),
  new errors.WrongExpectedVersion(stream, 3, 4),
  new errors.CommandIdReused('c-1'),
  new errors.AggregateNotFound(stream),
  new errors.InvalidValue('Deposit', [{ path: 'amount', problem: 'is missing' }]),
  new errors.EventNotReadable(
    { stream, version: 2, type: 'Opened', eventId: 'e-1' },
    'nobody knows its type',
  ),
  new errors.TimedOut('the projection balances', 2000),
  new errors.ProjectionStopped('balances', address, new Error('division by zero')),
  new errors.LogMismatch('postgres', 'kafka:abc', 'switch'),
  new errors.StoreMismatch('banking.account', 's-1', 's-2', 'use another topic'),
  new errors.DatabaseTooNew('reprise_store', 7, 3),
  new errors.DatabaseTooOld('reprise_store', 1, 3),
  new errors.DatabaseUnreachable({ host: 'localhost', port: 5432, database: 'bank' }, 'refused'),
  new errors.LogUnavailable('kafka at localhost:9092', 'refused'),
  new errors.TopicMissing('banking.account'),
  new errors.RebuildRefused('balances', 'its columns have changed'),
  new errors.OutcomeUnknown('c-1', new Error('connection lost')),
  new errors.RebuildInProgress('balances'),
  new errors.ConfigurationError('DATABASE_URL', 'is not a URL'),
]

describe('errors', () => {
  it('have a sample here for each exported class', () => {
    const exported = Object.values(errors).filter(
      (it) => typeof it === 'function' && it !== errors.RepriseError,
    )

    expect(new Set(samples.map((it) => it.constructor))).toEqual(new Set(exported))
  })

  it('each have a code of their own, and no code is without a class', () => {
    expect(samples.map((it) => it.code).sort()).toEqual([...errors.errorCodes].sort())
  })

  it.each(samples)('$name extends RepriseError and is named like its class', (error) => {
    expect(error).toBeInstanceOf(errors.RepriseError)
    expect(error).toBeInstanceOf(Error)
    expect(error.name).toBe(error.constructor.name)
  })

  it.each(samples)('$name says what happened in lower case and without a full stop', ({ message }) => {
    expect(message).toMatch(/^[a-z]/)
    expect(message).not.toMatch(/\.$/)
  })
})

describe('RepriseError', () => {
  it('is recognised by its brand, as an error of another copy of the package is', () => {
    const foreign = Object.assign(new Error('from elsewhere'), { [Symbol.for('reprise/error')]: true })

    expect(errors.RepriseError.is(foreign)).toBe(true)
    expect(errors.RepriseError.is(new errors.TopicMissing('t'))).toBe(true)
    expect(errors.RepriseError.is(new Error('plain'))).toBe(false)
    expect(errors.RepriseError.is(undefined)).toBe(false)
  })

  it('keeps its facts as they were given', () => {
    const facts = { balance: 1n }
    const error = new errors.CommandRejected('refused', facts)
    facts.balance = 2n

    expect(error.facts).toEqual({ balance: 1n })
    expect(Object.isFrozen(error.facts)).toBe(true)
  })
})

describe('CommandRejected', () => {
  it('can be subclassed, and keeps its code', () => {
    class Overdrawn extends errors.CommandRejected {}
    const error = new Overdrawn('not covered')

    expect(error).toMatchObject({ code: 'REPRISE_COMMAND_REJECTED', name: 'Overdrawn', retriable: false })
  })
})

describe('DefinitionError', () => {
  it('lists every fault', () => {
    const error = new errors.DefinitionError(['the first', 'the second'])

    expect(error.message).toBe('the definition has 2 faults:\n- the first\n- the second')
    expect(error.faults).toEqual(['the first', 'the second'])
  })
})

describe('ProjectionStopped', () => {
  it('names the whole address of the event, and keeps the cause', () => {
    const cause = new Error('division by zero')
    const error = new errors.ProjectionStopped('balances', address, cause)

    expect(error.cause).toBe(cause)
    expect(error.facts).toEqual({ projection: 'balances', ...address, stream: 'account-576' })
    expect(error.message).toContain('banking.account/3@41, event e-1 (Opened, version 2 of account-576)')
  })
})
