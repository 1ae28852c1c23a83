import { inspect } from 'node:util'
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
  new errors.BuildRefused(['projection balances: generation 1 was built as version 2']),
  new errors.CommandRejected('the balance does not cover it', { balance: 1n }),
  new errors.WrongExpectedVersion(stream, 3, 4),
  new errors.CommandIdReused('c-1'),
  new errors.AggregateNotFound(stream),
  new errors.ReservationRefused({ kind: 'reserve', scope: 'iban', value: 'CZ65' }, stream),
  new errors.StreamClosed(stream),
  new errors.PayloadTooLarge('Deposited', 1_000_001, 900_000),
  new errors.InvalidValue('Deposit', [{ path: 'amount', problem: 'is missing' }]),
  new errors.EventNotReadable(
    { stream, version: 2, type: 'Opened', eventId: 'e-1' },
    'nobody knows its type',
  ),
  new errors.TimedOut('the projection balances', 2000),
  new errors.ProjectionStopped('balances', address, new Error('division by zero')),
  new errors.EventParked('balances', {
    stream: 'account-576',
    version: 2,
    eventId: 'e-1',
    reason: 'division by zero',
  }),
  new errors.ParkingCeilingReached('balances', 51, 1000, 50),
  new errors.NothingParked('balances', '17'),
  new errors.InlineProjectionFailed('balances', undefined, new Error('division by zero')),
  new errors.InlineProjectionUnknown(['account'], ['balances'], 'deploy the release that has it'),
  new errors.LogMismatch('postgres', 'kafka:abc', 'switch'),
  new errors.StoreMismatch('banking.account', 's-1', 's-2', 'use another topic'),
  new errors.DatabaseTooNew('reprise_store', 7, 3),
  new errors.DatabaseTooOld('reprise_store', 1, 3),
  new errors.DatabaseUnreachable({ host: 'localhost', port: 5432, database: 'bank' }, 'refused'),
  new errors.LogUnavailable('kafka at localhost:9092', 'refused'),
  new errors.TopicMissing('banking.account'),
  new errors.RebuildRefused('balances', 'its columns have changed'),
  new errors.OutcomeUnknown('c-1', new Error('connection lost')),
  new errors.OverloadedError('no more commands are taken', 10_000),
  new errors.RebuildInProgress('balances'),
  new errors.ConfigurationError('DATABASE_URL', 'is not a URL'),
  new errors.AppStopped('it takes no more commands'),
  new errors.StopTimedOut('the relay', 25_000),
]

describe('errors', () => {
  it('have a sample here for each exported class', () => {
    const exported = Object.values(errors).filter(
      (it) => typeof it === 'function' && it !== errors.RepriseError,
    )

    expect(new Set(samples.map((it) => it.constructor))).toEqual(new Set(exported))
  })

  it('each have a code of their own, and no code is without a class', () => {
    // A kind of rejection is a rejection: whoever handles those by their code must not miss it.
    const own = samples.filter((it) => Object.getPrototypeOf(it.constructor) === errors.RepriseError)

    expect(own.map((it) => it.code).sort()).toEqual([...errors.errorCodes].sort())
  })

  it('tells a refused reservation without its value or holder, which only code finds', () => {
    const refused = new errors.ReservationRefused({ kind: 'reserve', scope: 'iban', value: 'CZ65' }, stream)

    expect(refused.holder).toEqual(stream)
    expect(refused).toBeInstanceOf(errors.CommandRejected)
    expect(inspect(refused, { depth: 9, showHidden: true }) + JSON.stringify(refused)).not.toMatch(/CZ65|576/)
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

describe('WrongExpectedVersion', () => {
  it.each(['noStream', 0] as const)('says that the stream exists, where %s was expected', (expected) => {
    const error = new errors.WrongExpectedVersion(stream, expected, 3)

    expect(error.message).toBe('stream account-576 exists already, at version 3: use another id')
    expect(error.retriable).toBe(false)
  })

  it('asks to decide anew where another version was expected', () => {
    const error = new errors.WrongExpectedVersion(stream, 2, 3)

    expect(error.message).toBe(
      'stream account-576 is at version 3, but 2 was expected: load it again and decide anew',
    )
    expect(error.retriable).toBe(true)
  })
})

describe('AggregateNotFound', () => {
  it('tells a command what to do, and a reader what there is', () => {
    expect(new errors.AggregateNotFound(stream).message).toContain(`let the handler say expect: 'noStream'`)
    expect(new errors.AggregateNotFound(stream, 'reader').message).toBe(
      'there is no account-576: nothing was ever stored under this id',
    )
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

describe('BuildRefused', () => {
  it('lists every reason, and says whether what is there is of a newer release', () => {
    const error = new errors.BuildRefused(['the first', 'the second'], { isOlder: true })

    expect(error.message).toBe('this build is refused:\n- the first\n- the second')
    expect(error).toMatchObject({ faults: ['the first', 'the second'], isOlder: true })
    expect(new errors.BuildRefused(['one']).isOlder).toBe(false)
  })
})

describe('what stops effects', () => {
  it('calls them so', () => {
    const ceiling = new errors.ParkingCeilingReached('receipts', 51, 1000, 50, 'effect')
    const stopped = new errors.ProjectionStopped('receipts', address, ceiling, 'effect')

    expect(ceiling.message).toMatch(/^effects receipts have parked 51 of the last 1000 keys/)
    expect(stopped.message).toMatch(/^effects receipts have stopped at banking.account/)
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
