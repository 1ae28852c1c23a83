import { beforeEach, beforeAll, describe, expect, it } from 'vitest'
import { Reprise } from 'reprise'
import { DepositMoney, OpenAccount } from '../support/bank.js'
import { bankWith } from '../support/bank-variants.js'
import { bankFolder, runCli, startCli } from '../support/cli.js'
import { HandFed } from '../support/hand-fed.js'
import { auditIn, lettersIn, parkAlone, parkSequence } from '../support/parked-letters.js'
import { ask, quietly, Reader, shownBalances, useFreshDatabases } from '../support/read-side.js'
import { waitFor } from '../support/wait-for.js'

const freshDatabase = useFreshDatabases()
let folder = ''
let url = ''

beforeAll(async () => {
  folder = await bankFolder()
})
beforeEach(async () => {
  url = await freshDatabase()
})

const inFolder = () => ({ folder, environment: { DATABASE_URL: url } })
const reprise = (...args: string[]) => runCli(args, inFolder())

/** A record that nobody should have written: names, key and bytes that would play with a terminal. */
async function parkHostile(fed: HandFed): Promise<void> {
  const [record] = fed.records(await fed.account('z', 0), 9n)
  if (record === undefined) throw new Error('it has an event')
  const headers = { 'ce_type\u001b[2J': '\u001b]0;owned\u0007', 'content-type': 'text\u202eplain' }
  await parkAlone(fed, [
    { ...record, key: 'k\u001b[1A\r\n', headers, value: new Uint8Array([27, 91, 50, 74, 255]) },
  ])
}

const safe = /^[\n\x20-\x7e…]*$/

describe('reprise dlq', () => {
  it('lists groups of letters that failed alike', async () => {
    await using fed = await HandFed.open(url)
    await parkSequence(fed, await fed.account('a', 2))
    await parkSequence(fed, await fed.account('b', 0))

    const { stdout, exitCode } = await reprise('dlq', 'list')
    const document = JSON.parse((await reprise('dlq', 'list', 'balances', '--json')).stdout) as object

    expect(stdout).toMatch(/^PROJECTION +FINGERPRINT +FAILED +WAITING +KEYS +FIRST +LAST +ERROR +EXAMPLE\n/)
    expect(stdout).toMatch(/\nbalances +f1 +2 +2 +2 .* TypeError: planted +\d+ AccountOpened account-a@1\n/)
    expect(stdout).toContain('balances: 2 failed, 2 waiting behind them, 2 keys held back')
    expect(exitCode).toBe(0)
    expect(document).toMatchObject({
      projections: [
        {
          projection: 'balances',
          letters: 4,
          failed: 2,
          keys: 2,
          groups: [
            { fingerprint: 'f1', failed: 2, waiting: 2, example: { stream: 'account-a', version: 1 } },
          ],
        },
      ],
    })
  })

  it('says so where there are none', async () => {
    await using fed = await HandFed.open(url)

    expect(fed.generation.generation).toBe(1)
    expect((await reprise('dlq', 'list')).stdout).toBe('no dead letters in balances, statements\n')
    expect(await reprise('dlq', 'retry', 'balances', '--all')).toMatchObject({ exitCode: 3, stdout: '' })
    expect((await reprise('dlq', 'show', 'balance')).stderr).toContain('did you mean balances?')
  })

  it('shows a letter whole', async () => {
    await using fed = await HandFed.open(url)
    await parkSequence(fed, await fed.account('a', 2))

    const { stdout } = await reprise('dlq', 'show', 'balances', '--fingerprint', 'f1')

    for (const text of [
      'AccountOpened account-a@1',
      'bank.account/0@0, key "a"',
      'account-a, of which 2 letters wait behind it',
      '5, first 2026-03-01T10:00:00.000Z',
      'TypeError: planted',
      'at Balances.deposited (balances.ts:1:1)',
      'ce_type: AccountOpened',
      '"owner": "Ada"',
    ])
      expect(stdout).toContain(text)
  })

  it('lets nothing that is in a letter reach the terminal as it is', { timeout: 60_000 }, async () => {
    await using fed = await HandFed.open(url)
    await parkHostile(fed)

    const shown = [
      await reprise('dlq', 'show', 'balances'),
      await reprise('dlq', 'list'),
      await reprise('dlq', 'show', 'balances', '--json'),
      await reprise('dlq', 'export', 'balances'),
      await reprise('dlq', 'retry', 'balances', '--all'),
    ]

    for (const { stdout, stderr } of shown) {
      expect(stdout).toMatch(safe)
      expect(stderr).toMatch(safe)
    }
    expect(shown[0]?.stdout).toContain('1b 5b 32 4a ff')
    expect(shown[0]?.stdout).toContain('holds back  nothing: it was parked alone')
    expect(shown[4]).toMatchObject({ exitCode: 4 })
  })

  it('shows what a retry would do with --dry-run, does it, and tells what came of it', async () => {
    await using fed = await HandFed.open(url)
    await parkSequence(fed, await fed.account('a', 2))
    const before = await lettersIn(url)

    const dry = await reprise('dlq', 'retry', 'balances', '--all', '--dry-run')
    expect(dry).toMatchObject({ exitCode: 0, stderr: '' })
    expect(dry.stdout).toContain('letters     3: 3 chosen, and 0 more of their keys')
    expect(dry.stdout).toContain('account-a (3)')
    expect(await lettersIn(url)).toEqual(before)

    const run = await reprise('dlq', 'retry', 'balances', '--key', 'account-a', '--by', 'ada')
    expect(run).toMatchObject({
      exitCode: 0,
      stdout: 'retried letters of balances: 3 applied, 0 failed again, 0 left\n',
    })
    expect(run.stderr).toContain('retry of dead letters of balances')
    expect((await fed.state()).balances).toEqual({ a: '11' })
    expect(await auditIn(url)).toMatchObject([{ actor: 'ada', action: 'dlq retry' }])
  })

  it(
    'applies what a faulty release parked, once its correction is deployed',
    { timeout: 60_000 },
    async () => {
      const faulty = bankWith(({ amount }) => {
        if (amount === 100n) throw new TypeError('planted at 100')
      })
      {
        await using app = await Reprise.start(faulty, quietly(url))
        for (const accountId of ['a', 'b']) {
          await app.execute(new OpenAccount({ accountId, owner: 'Ada' }))
          const amounts = accountId === 'a' ? [1n, 100n, 10n] : [7n]
          for (const amount of amounts) await app.execute(new DepositMoney({ accountId, amount }))
        }
        await waitFor(async () => (await lettersIn(url)).letters.length === 2, {
          what: 'the deposit of 100 and the one after it to be parked',
          deadline: 20_000,
        })
      }

      const shown = await reprise('dlq', 'show', 'balances', '--key', 'account-a')
      const run = await reprise('dlq', 'retry', 'balances', '--key', 'account-a')

      expect(shown.stdout).toContain('TypeError: planted at 100')
      expect(run).toMatchObject({
        exitCode: 0,
        stdout: 'retried letters of balances: 2 applied, 0 failed again, 0 left\n',
      })
      expect(await shownBalances(url)).toEqual({ a: '111', b: '7' })
      expect(await lettersIn(url)).toEqual({ letters: [], keys: [] })
    },
  )

  it('exits 4 when a letter fails again, and says which and why', async () => {
    await using fed = await HandFed.open(url)
    await parkSequence(fed, await fed.account('a', 2), {}, (record, index) =>
      index === 1 ? { ...record, headers: {}, value: new Uint8Array([1]) } : record,
    )

    const { exitCode, stdout } = await reprise('dlq', 'retry', 'balances', '--all', '--json')

    expect(JSON.parse(stdout)).toMatchObject({
      plan: { letters: 3, keys: [{ key: 'account-a', letters: 3, selected: 3 }], alone: [] },
      result: { applied: 1, left: 2, failed: [{ key: 'account-a', error: { class: 'contract' } }] },
    })
    expect(exitCode).toBe(4)
    expect((await lettersIn(url)).letters).toHaveLength(2)
  })

  it('discards with a reason only', async () => {
    await using fed = await HandFed.open(url)
    await parkSequence(fed, await fed.account('a', 1))
    const [letter] = await ask<{ id: string }>(url, 'SELECT id FROM reprise_read.parked_events ORDER BY id')
    const id = letter?.id ?? ''

    const refused = await reprise('dlq', 'discard', 'balances', id)
    expect(refused).toMatchObject({ exitCode: 2, stdout: '' })
    expect(refused.stderr).toContain('say why with --reason')
    expect((await lettersIn(url)).letters).toHaveLength(2)

    const unconfirmed = await reprise('dlq', 'discard', 'balances', id, '--reason', 'never happened')
    expect(unconfirmed).toMatchObject({ exitCode: 3, stdout: '' })
    expect(unconfirmed.stderr).toContain('--yes lets it go on')
    expect((await lettersIn(url)).letters).toHaveLength(2)

    const run = await reprise('dlq', 'discard', 'balances', id, '--reason', 'never happened', '--yes')
    expect(run.exitCode).toBe(0)
    expect(run.stdout).toBe(
      'discarded 1 letter of balances; rebuilds leave its event out as well\n' +
        'of the same keys, 1 letter stays and waits: reprise dlq retry balances --all\n',
    )
    expect(await auditIn(url)).toMatchObject([{ action: 'dlq discard', reason: 'never happened' }])
  })

  it.each([
    ['nothing', ['dlq', 'retry', 'balances']],
    ['nothing', ['dlq', 'discard', 'balances', '--reason', 'x']],
    ['all and some', ['dlq', 'retry', 'balances', '--all', '--type', 'MoneyDeposited']],
    ['a letter that is no number', ['dlq', 'retry', 'balances', 'first']],
  ])('refuses a choice of %s, as a mistake', async (_, args) => {
    expect(await reprise(...args)).toMatchObject({ exitCode: 2, stdout: '' })
  })

  it('exports letters as they came, one document per line', async () => {
    await using fed = await HandFed.open(url)
    const events = await fed.account('a', 1)
    await parkSequence(fed, events)

    const { stdout } = await reprise('dlq', 'export', 'balances')

    const letters = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { record: { value: string; headers: object; offset: number } })
    expect(letters.map(({ record }) => Buffer.from(record.value, 'base64').toString())).toEqual(
      events.map(({ payload }) => payload),
    )
    expect(letters.map(({ record }) => record.headers)).toEqual(
      fed.records(events).map(({ headers }) => headers),
    )
  })

  it('does not export a letter that is not there for nothing: it says so, as show does', async () => {
    await using fed = await HandFed.open(url)
    await parkAlone(fed, fed.records(await fed.account('a', 0)))
    const { stdout: listed } = await reprise('dlq', 'show', 'balances', '--json')
    const [letter] = (JSON.parse(listed) as { letters: { id: number }[] }).letters

    const none = await reprise('dlq', 'export', 'balances', '999')
    const shown = await reprise('dlq', 'show', 'balances', '999')
    const some = await reprise('dlq', 'export', 'balances', String(letter?.id), '998', '999')

    expect(none).toEqual(shown)
    expect(none).toMatchObject({ exitCode: 3, stdout: '' })
    expect(
      some.stdout
        .trim()
        .split('\n')
        .map((line) => (JSON.parse(line) as { id: number }).id),
    ).toEqual([letter?.id])
    expect(some.exitCode).toBe(3)
    expect(some.stderr).toContain('has no letter 998, 999')
    expect((await reprise('dlq', 'export', 'balances', '--key', 'account-nobody')).exitCode).toBe(0)
  })

  it('shows and exports as little of what letters carry as it is told', async () => {
    await using fed = await HandFed.open(url)
    await parkSequence(fed, await fed.account('a', 1))
    const production = {
      folder,
      environment: { DATABASE_URL: url, NODE_ENV: 'production', REPRISE_LOG: 'postgres' },
    }

    const shown = await runCli(['dlq', 'show', 'balances'], production)
    const exported = await runCli(['dlq', 'export', 'balances'], production)

    expect(shown.stdout).toContain('not shown: REPRISE_DLQ_PAYLOADS is none')
    expect(shown.stdout).not.toContain('"owner"')
    expect(
      exported.stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as unknown),
    ).toMatchObject([
      { record: { value: null, valueBytes: expect.any(Number) as number } },
      { record: { value: null } },
    ])
    expect(exported.stderr).toBe('what letters carry is not exported whole: REPRISE_DLQ_PAYLOADS is none\n')
    expect([shown.exitCode, exported.exitCode]).toEqual([0, 0])
  })

  it('that is killed in the middle of a key leaves the whole of it, and the next run applies it', async () => {
    await using fed = await HandFed.open(url)
    await parkSequence(fed, await fed.account('a', 2))
    const before = await lettersIn(url)
    // The last letter waits for a lock that somebody holds: by then those before it are applied.
    await using holder = await Reader.open(url, 'a holder')
    await holder.rows(`
      CREATE FUNCTION stop_at_eleven() RETURNS trigger LANGUAGE plpgsql AS
      $$ BEGIN IF NEW.balance = 11 THEN PERFORM pg_advisory_xact_lock(4711); END IF; RETURN NEW; END $$`)
    await holder.rows(
      'CREATE TRIGGER stops BEFORE INSERT OR UPDATE ON bank_balances_g1.balances FOR EACH ROW EXECUTE FUNCTION stop_at_eleven()',
    )
    await holder.rows('SELECT pg_advisory_lock(4711)')

    const run = await startCli(['dlq', 'retry', 'balances', '--all'], inFolder())
    await waitFor(
      async () =>
        (await holder.rows(`SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted`)).length > 0,
      { what: 'the retry to be in the middle' },
    )
    run.signal('SIGKILL')
    expect((await run.ended).exitCode).toBe('SIGKILL')
    await holder.rows('SELECT pg_advisory_unlock(4711)')
    await holder.rows('DROP FUNCTION stop_at_eleven CASCADE')

    expect(await lettersIn(url)).toEqual(before)
    expect((await fed.state()).balances).toEqual({})
    expect(await reprise('dlq', 'retry', 'balances', '--all')).toMatchObject({ exitCode: 0 })
    expect((await fed.state()).balances).toEqual({ a: '11' })
  })
})
