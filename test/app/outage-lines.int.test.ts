import { defineApp, Reprise } from 'reprise'
import { describe, expect, it, onTestFinished } from 'vitest'
import { notesThat } from '../support/acting-bank.js'
import { bank, DepositMoney } from '../support/bank.js'
import { becomes, isWell } from '../support/component-health.js'
import { DatabaseProxy } from '../support/database-proxy.js'
import { openAccounts } from '../support/load.js'
import { ask, quietly, useFreshDatabases } from '../support/read-side.js'
import { type LoggedLine, RecordingLogger } from '../support/recording-logger.js'
import { waitFor } from '../support/wait-for.js'

const freshDatabase = useFreshDatabases()

const PARTS = [
  'publishing events failed',
  'publishing dead letters failed',
  'the relay of events could not renew',
  'the log could not be read',
  'leases could not be renewed',
]

/** How often each thing was said: a line with what it is about, without what differs from one time to the next. */
function timesSaid(lines: readonly LoggedLine[]): ReadonlyMap<string, number> {
  const times = new Map<string, number>()
  for (const { message, facts } of lines) {
    const { group, topic, application } = facts as Readonly<Record<string, string>>
    const said = [message, group, topic, application].filter((it) => it !== undefined).join(', ')
    times.set(said, (times.get(said) ?? 0) + 1)
  }
  return times
}

describe('what a process logs while something fails', () => {
  it('is one line for a lane whose batches fail, and one when they do not any more', async () => {
    const url = await freshDatabase()
    const logger = new RecordingLogger()
    const app = await Reprise.start(bank, quietly(url, { logger }))
    const [account = ''] = await openAccounts(app, 1, 1)
    await becomes('all to be projected', async () => (await app.health()).lag.total === 0)
    await ask(
      url,
      `CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS
       $$ BEGIN RAISE EXCEPTION 'planted conflict' USING ERRCODE = '40001'; END $$`,
    )
    await ask(
      url,
      `CREATE TRIGGER fail BEFORE UPDATE ON reprise_read.checkpoints FOR EACH ROW
       WHEN (OLD.projection = 'balances' AND NEW.next_offset > OLD.next_offset) EXECUTE FUNCTION fail()`,
    )
    const at = (level: 'debug' | 'info' | 'warn', text: string) =>
      logger.at(level).filter(({ message }) => message.startsWith(text)).length

    await app.execute(new DepositMoney({ accountId: account, amount: 1n }))
    await becomes('it to be tried again', () => Promise.resolve(at('debug', 'a batch was not taken') >= 3))
    await ask(url, 'DROP TRIGGER fail ON reprise_read.checkpoints')
    await becomes('it to be over', () => Promise.resolve(at('info', 'batches are taken again') > 0))
    await app.stop()

    expect(at('warn', 'a batch was not taken')).toBe(1)
    expect(at('info', 'batches are taken again')).toBe(1)
  })

  it('is one line when something fails, and one when it works again', { timeout: 60_000 }, async () => {
    const proxy = await DatabaseProxy.before(await freshDatabase())
    onTestFinished(() => proxy.close())
    const logger = new RecordingLogger()
    const app = await Reprise.start(
      defineApp({ ...bank, effects: [notesThat(() => undefined)] }),
      quietly(proxy.url, { logger }),
    )
    await openAccounts(app, 2, 1)
    await becomes('all to be projected', async () => (await app.health()).lag.total === 0)
    const before = logger.lines.length

    proxy.shut()
    const triedAgain = (text: string) =>
      logger.at('debug').filter(({ message }) => message.startsWith(text)).length
    await becomes('every part to have tried many times', () =>
      Promise.resolve(PARTS.every((text) => triedAgain(text) >= 5)),
    )
    const away = logger.lines.slice(before)
    proxy.reopen()
    await becomes('it to be well', () => isWell(app))
    const warned = away.filter(({ level }) => level === 'warn')
    const over = () => logger.at('info').filter(({ facts }) => 'failures' in facts)
    await becomes('all of it to be over', () => Promise.resolve(over().length === warned.length))
    await app.stop()

    const times = timesSaid(warned)
    expect([...times.keys()].join('\n')).toContain('publishing events failed')
    expect([...times].filter(([, count]) => count > 1)).toEqual([])
    expect(away.filter(({ level }) => level === 'error')).toEqual([])
    for (const { facts } of away)
      if ('retryInMs' in facts) expect(Number.isInteger(facts.retryInMs)).toBe(true)
    expect([...timesSaid(over())].filter(([, count]) => count > 1)).toEqual([])
  })

  it(
    'is one line for a store that falls silent under commands alone, and one when it answers',
    {
      timeout: 90_000,
    },
    async () => {
      const proxy = await DatabaseProxy.before(await freshDatabase())
      onTestFinished(() => proxy.close())
      const logger = new RecordingLogger()
      const app = await Reprise.start(
        bank,
        quietly(proxy.url, { logger, roles: ['api'], commandTimeout: 3_000 }),
      )
      const accounts = await openAccounts(app, 4, 1)
      const deposit = (accountId: string) => app.execute(new DepositMoney({ accountId, amount: 1n }))
      const told = (level: 'debug' | 'info' | 'warn', text: string) =>
        logger.at(level).filter(({ message }) => message.startsWith(text)).length

      proxy.vanish()
      for (const answer of await Promise.allSettled(accounts.map(deposit)))
        expect(answer).toMatchObject({ reason: { code: 'REPRISE_OUTCOME_UNKNOWN', retriable: true } })
      const goesOn = async () => {
        await Promise.allSettled(accounts.map(deposit))
        return told('debug', 'the store does not answer commands') >= 1
      }
      await waitFor(goesOn, { what: 'more than one call to have failed', deadline: 40_000 })
      // A machine that comes back knows nothing of the connections it had.
      proxy.shut()
      proxy.reopen()
      await becomes('commands to be taken again', () =>
        Promise.all(accounts.map(deposit)).then(
          () => true,
          () => false,
        ),
      )
      await app.stop()

      expect(told('warn', 'the store does not answer commands')).toBe(1)
      expect(told('info', 'the store answers commands again')).toBe(1)
      const [warned] = logger.at('warn').filter(({ message }) => message.startsWith('the store does not'))
      expect(warned?.facts).toMatchObject({ error: expect.any(String) as string })
      expect(JSON.stringify(warned?.facts)).toContain(`127.0.0.1:${new URL(proxy.url).port}`)
    },
  )
})
