import { beforeEach, describe, expect, it } from 'vitest'
import {
  type AppDefinition,
  defineApp,
  long,
  Projection,
  Projects,
  Reprise,
  type Row,
  string,
  TableProjection,
} from 'reprise'
import { deadLettersOf } from '../../src/app/dead-letters.js'
import { Account, bank, DepositMoney, MoneyDeposited, OpenAccount } from '../support/bank.js'
import { ask, quietly, ReadSide, shownBalances, useFreshDatabases } from '../support/read-side.js'
import { type LoggedLine, RecordingLogger } from '../support/recording-logger.js'
import { waitFor } from '../support/wait-for.js'

const freshDatabase = useFreshDatabases()
let url = ''
beforeEach(async () => {
  url = await freshDatabase()
})

const definition = {
  table: 'balances',
  key: 'account_id',
  columns: { account_id: string(), balance: long(0n) },
} as const

@Projection({ name: 'balances', version: 1, from: [Account], attempts: 1 })
class Superstitious extends TableProjection(definition) {
  @Projects(MoneyDeposited)
  deposited({ amount }: MoneyDeposited, row: Row<typeof Superstitious>) {
    if (amount === 13n) throw new Error('not thirteen')
    row.balance += amount
  }
}

@Projection({ name: 'balances', version: 1, from: [Account], attempts: 1 })
class Enlightened extends TableProjection(definition) {
  @Projects(MoneyDeposited)
  deposited({ amount }: MoneyDeposited, row: Row<typeof Enlightened>) {
    row.balance += amount
  }
}

const superstitious = defineApp({ ...bank, projections: [Superstitious] })
const enlightened = defineApp({ ...bank, projections: [Enlightened] })

const letters = () =>
  ask(
    url,
    'SELECT version::int, error_class AS class, definition FROM reprise_read.parked_events ORDER BY id',
  )

/** An account with a letter, and another that waits behind it. */
async function parkOne(): Promise<void> {
  await using app = await Reprise.start(superstitious, quietly(url))
  await app.execute(new OpenAccount({ accountId: 'a', owner: 'Ada' }))
  await app.execute(new DepositMoney({ accountId: 'a', amount: 13n }))
  await waitFor(async () => (await letters()).length === 1, { what: 'the letter' })
  await app.execute(new DepositMoney({ accountId: 'a', amount: 1n }))
  await waitFor(async () => (await letters()).length === 2, { what: 'what waits behind it' })
}

async function fingerprintOf(app: AppDefinition): Promise<string> {
  await using side = await ReadSide.open(url, app)
  return side.parts('balances').fingerprint
}

const ofLetters = ({ lines }: RecordingLogger): readonly LoggedLine[] =>
  lines.filter(({ message }) => message.includes('dead letters'))

/** Fails as the first one does, at a definition of its own. */
@Projection({ name: 'balances', version: 1, from: [Account], attempts: 1 })
class Stubborn extends TableProjection(definition) {
  @Projects(MoneyDeposited)
  deposited({ amount }: MoneyDeposited, row: Row<typeof Stubborn>) {
    if (amount === 13n) throw new Error('still not thirteen')
    row.balance += amount
  }
}

describe('letters that several processes of one build would retry', () => {
  it('are retried by one of them: the others find that they failed here, or that they are gone', async () => {
    await parkOne()
    const stubborn = defineApp({ ...bank, projections: [Stubborn] })
    await using side = await ReadSide.open(url, stubborn)
    const parts = side.parts('balances')
    const dead = deadLettersOf(side.installation.databases, parts)
    const retry = (onPlan: () => Promise<void> = () => Promise.resolve()) =>
      dead.retryOnce(parts.fingerprint, { by: 'a test', onPlan })

    let first: Awaited<ReturnType<typeof retry>>
    const second = await retry(async () => {
      first = await retry()
    })

    expect(first).toMatchObject({ applied: 0, failed: [{}], left: 2 })
    expect(second).toMatchObject({ applied: 0, failed: [], left: 2 })
    expect(await retry()).toBeUndefined()
    expect(await ask(url, 'SELECT action FROM reprise_read.audit_log')).toEqual([{ action: 'dlq retry' }])
  })
})

describe('letters that another build failed at', () => {
  it('are of the build that failed, not of the one that built the generation, and are offered to the next with a command', async () => {
    await (await Reprise.start(enlightened, quietly(url))).stop()
    await parkOne()
    expect(await letters()).toEqual([
      { version: 2, class: 'handler', definition: await fingerprintOf(superstitious) },
      { version: 3, class: 'waiting', definition: await fingerprintOf(superstitious) },
    ])
    const logger = new RecordingLogger()

    await using app = await Reprise.start(enlightened, quietly(url, { logger }))

    await waitFor(() => ofLetters(logger).length > 0, { what: 'the offer' })
    expect(ofLetters(logger)).toMatchObject([
      {
        level: 'warn',
        facts: { projection: 'balances', letters: 1 },
        message: expect.stringContaining('run reprise dlq retry balances --all') as string,
      },
    ])
    await app.stop()
    expect(await letters()).toHaveLength(2)
  })

  it('are not offered to the build that failed at them', async () => {
    await parkOne()
    const logger = new RecordingLogger()

    await (await Reprise.start(superstitious, quietly(url, { logger, retryLetters: true }))).stop()

    expect(ofLetters(logger)).toEqual([])
    expect(await ask(url, 'SELECT FROM reprise_read.audit_log')).toEqual([])
  })

  it('are retried once after the start where that is set, in their order, and later events flow again', async () => {
    await parkOne()
    const logger = new RecordingLogger()

    await using app = await Reprise.start(enlightened, quietly(url, { logger, retryLetters: true }))

    await waitFor(() => ofLetters(logger).length > 0, { what: 'the result' })
    expect(ofLetters(logger)).toMatchObject([
      { level: 'info', facts: { projection: 'balances', applied: 2, failed: 0, left: 0 } },
    ])
    const receipt = await app.execute(new DepositMoney({ accountId: 'a', amount: 100n }))
    await app.projections.caughtUp(Enlightened, receipt)
    expect(await shownBalances(url)).toEqual({ a: '114' })
    const retried = { actor: 'a start with REPRISE_RETRY_LETTERS', action: 'dlq retry' }
    expect(await ask(url, 'SELECT actor, action FROM reprise_read.audit_log')).toEqual([retried, retried])
  })
})
