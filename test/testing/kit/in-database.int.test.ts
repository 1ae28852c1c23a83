import { AssertionError } from 'node:assert'
import { givenInDatabase, on } from 'reprise/testing'
import { beforeAll, describe, expect, it } from 'vitest'
import { AccountOpened, Balances, MoneyDeposited, MoneyWithdrawn } from '../../support/bank.js'
import { partAddress } from '../../support/part-address.js'
import { onServer } from '../../support/test-databases.js'
import { waitFor } from '../../support/wait-for.js'
import { Everything, Notes, Solvent } from './read-models.js'
import { everything, EverythingNoted } from './domain.js'

const deposited = (amount: bigint, reference?: string) => new MoneyDeposited({ amount, reference })

let server: string
beforeAll(async () => {
  server = await partAddress('/postgres/18')
})

const notes = () =>
  givenInDatabase(
    Notes,
    [
      on(
        '576',
        new AccountOpened({ owner: 'Ada', openedAt: new Date(0) }),
        deposited(5n, 'rent'),
        deposited(5n),
      ),
    ],
    { server },
  )

async function failureOf(action: () => Promise<unknown>): Promise<AssertionError> {
  const error = await action().then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (error instanceof AssertionError) return error
  throw new Error('no assertion failed', { cause: error })
}

/** The databases of the kit that were made in a span of time and are still there. */
async function madeBetween(begun: number, ended: number): Promise<readonly string[]> {
  const names = await onServer(server, async (client) => {
    const { rows } = await client.query<{ name: string }>(
      "SELECT datname AS name FROM pg_database WHERE starts_with(datname, 'reprise_kit_')",
    )
    return rows.map(({ name }) => name)
  })
  return names.filter((name) => {
    const made = Number.parseInt(name.slice('reprise_kit_'.length), 36)
    return made >= begun && made <= ended
  })
}

describe('givenInDatabase', () => {
  it('accepts the rows that SQL wrote, by primary key or as a bag', async () => {
    await notes().then({
      notes: [
        { account_id: '576', version: 3, note: null, amount: 5n },
        { account_id: '576', version: 2, note: 'rent', amount: 5n },
      ],
      totals: [{ amount: 5n }, { amount: 5n }],
    })
    await notes().then({ totals: [{ amount: 5n }, { amount: 5n }] })
  })

  it('tells which row of which table differs', async () => {
    const given = notes()

    const byKey = await failureOf(() =>
      given.then({ notes: [{ account_id: '576', version: 2, note: 'food', amount: 5n }] }),
    )
    const asBag = await failureOf(() => given.then({ totals: [{ amount: 5n }, { amount: 6n }] }))

    expect(byKey.message).toBe(
      'the rows of notes are not those expected\n' +
        "  row '576', 2, note: expected 'food', found 'rent'\n" +
        "  row '576', 3: expected nothing, found { account_id: '576', version: 3, amount: 5n }",
    )
    expect(asBag.message).toBe(
      'the rows of totals are not those expected\n' +
        '  a row: expected { amount: 6n }, found nothing\n' +
        '  a row: expected nothing, found { amount: 5n }',
    )
  })

  it('gives the rows out', async () => {
    const given = notes()

    expect(await given.rows('totals')).toEqual([{ amount: 5n }, { amount: 5n }])
    // @ts-expect-error -- it makes no such table
    const failure = await failureOf(() => given.rows('lines'))
    expect(failure.message).toBe('notes has no table lines; its tables are notes, totals')
  })

  it('folds into tables as in memory, with every kind of column', async () => {
    await givenInDatabase(Balances, [on('1', deposited(5n))], { server }).then([
      { account_id: '1', balance: 5n },
    ])
    await givenInDatabase(Solvent, [on('1', deposited(5n, 'rent'), new MoneyWithdrawn({ amount: 5n }))], {
      server,
    }).then([])
    const given = givenInDatabase(Everything, [on('1', new EverythingNoted(everything))], { server })
    await given.then([{ id: '1', ...everything }])
    expect(await given.rows()).toEqual([{ id: '1', ...everything, an_optional: undefined }])
  })

  it('tells where a handler failed, with what the database said', async () => {
    const tooLong = givenInDatabase(Notes, [on('576', deposited(1n, 'x'))], { server, services: ['fail'] })

    const failure = await failureOf(() => tooLong.rows('notes'))

    expect(failure.message).toMatch(
      /^the handler of MoneyDeposited in notes failed at version 1 of account-576\n {2}error: relation "test_notes_g1\.nowhere" does not exist$/,
    )
  })

  it('applies the events also where no table is looked at', async () => {
    const failing = givenInDatabase(Notes, [on('1', deposited(1n))], { server, services: ['fail'] })

    const failure = await failureOf(() => failing.then({}))

    expect(failure.message).toMatch(/^the handler of MoneyDeposited in notes failed/)
  })

  it('leaves no database behind, also when a handler fails', async () => {
    const begun = Date.now()
    const failing = givenInDatabase(Notes, [on('1', deposited(1n))], { server, services: ['fail'] })
    await Promise.all([notes().rows('totals'), failureOf(() => failing.rows('notes'))])
    const ended = Date.now()

    // Other tests make and drop theirs meanwhile.
    await waitFor(async () => (await madeBetween(begun, ended)).length === 0, {
      what: 'databases to be gone',
    })
  })

  it('refuses to be awaited itself', async () => {
    await expect(Promise.resolve(notes() as unknown as Promise<void>)).rejects.toThrow(
      'givenInDatabase(…) is no promise',
    )
  })
})
