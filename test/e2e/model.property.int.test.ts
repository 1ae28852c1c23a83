import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type App, type ExecuteOptions, type ExpectedVersion, type Receipt, Reprise } from 'reprise'
import { Balances, bank, Statements } from '../support/bank.js'
import { type Attempt, BankOracle, type BankRequest, commandOf } from '../support/bank-oracle.js'
import { inTurn } from '../support/in-turn.js'
import { uniqueName } from '../support/kafka.js'
import { silentLogger } from '../support/silent-logger.js'
import { eventsIn, expectSoundStore, recordsIn } from '../support/store-facts.js'
import { waitFor } from '../support/wait-for.js'
import { useMigratedDatabase } from '../support/write-side.js'

const RUNS = 60
/** Set it to the seed of a failure to see that again. */
const seed = Number(process.env['PROPERTY_SEED'] ?? Date.now() % 2 ** 31)

/** What a client does: few accounts and few ids, so that clients meet and ids come back. */
const step = fc.record({
  client: fc.nat(2),
  account: fc.nat(2),
  id: fc.option(fc.nat(4), { freq: 2 }),
  expect: fc.oneof(
    { weight: 4, arbitrary: fc.constant('any' as const) },
    { weight: 1, arbitrary: fc.constantFrom<ExpectedVersion[]>('noStream', 'streamExists', 0, 1, 2, 3, 4) },
  ),
  request: fc.oneof(
    {
      weight: 2,
      arbitrary: fc.record({ kind: fc.constant('open' as const), owner: fc.constantFrom('Ada', 'Jörg') }),
    },
    {
      weight: 6,
      arbitrary: fc.record({
        kind: fc.constantFrom('deposit' as const, 'withdraw' as const),
        amount: fc.constantFrom(0n, 1n, 3n, 9_007_199_254_740_993n),
      }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('touch' as const) }) },
  ) satisfies fc.Arbitrary<BankRequest>,
})
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never

describe('random commands of several processes', () => {
  const database = useMigratedDatabase()
  const apps: App[] = []
  let clients: readonly Pick<App, 'execute'>[] = []

  beforeAll(async () => {
    const options = {
      databaseUrl: database.url,
      log: 'postgres',
      lease: 1_000,
      logger: silentLogger,
    } as const
    apps.push(await Reprise.start(bank, options), await Reprise.start(bank, options))
    clients = [...apps, database.writeSide().bus]
  })

  afterAll(() => Promise.all(apps.map((app) => app.stop())))

  it('leave streams, topic and both read models as the model of the bank says', async ({ annotate }) => {
    await annotate(`seed ${seed}`)
    const rounds = fc.array(fc.array(step, { minLength: 1, maxLength: 6 }), { minLength: 1, maxLength: 10 })

    await fc.assert(
      fc.asyncProperty(rounds, async (drawn) => {
        const run = uniqueName('run')
        const oracle = new BankOracle()
        for (const round of drawn) {
          const seen = new Map(
            [0, 1, 2].map((index) => [`${run}-${index}`, oracle.versionOf(`${run}-${index}`)]),
          )
          const attempts = await Promise.all(round.map((it) => attempt(run, it)))
          oracle.check(attempts, await newEvents(seen))
        }
        await expectTopicAndReadModels(oracle)
      }),
      { seed, numRuns: RUNS },
    )
    await expectSoundStore(database.pool)
  }, 120_000)

  async function attempt(
    run: string,
    { client, account: index, id, expect: expected, request }: Step,
  ): Promise<Attempt> {
    const account = `${run}-${index}`
    const commandId = id === null ? uniqueName(run) : `${run}/${id}`
    const options: ExecuteOptions = { commandId, expect: expected }
    const outcome = await inTurn(clients, client)
      .execute(commandOf(account, request), options)
      .catch((error: unknown) => error as Error)
    return { account, commandId, request, expect: expected, outcome }
  }

  async function newEvents(seen: ReadonlyMap<string, number>) {
    const events = await Promise.all(
      [...seen].map(async ([account, version]) => (await eventsIn(database.pool, account)).slice(version)),
    )
    return events.flat()
  }

  async function expectTopicAndReadModels(oracle: BankOracle): Promise<void> {
    const app = inTurn(apps, 0)
    for (const account of oracle.accounts) {
      const version = oracle.versionOf(account)
      const receipt: Receipt = { stream: `account-${account}`, version, commandId: 'last' }
      for (const projection of [Balances, Statements]) await app.projections.caughtUp(projection, receipt)
      const { owner, balance } = oracle.stateOf(account)
      const rows = await app.read(Balances).where('account_id', '=', account).selectAll().execute()
      expect(rows).toEqual(version === 0 ? [] : [{ account_id: account, owner, balance }])
      const lines = await app
        .read(Statements, 'statement_lines')
        .where('account_id', '=', account)
        .select(['version', 'amount'])
        .orderBy('version')
        .execute()
      expect(lines.map((line) => [line.version, line.amount])).toEqual(oracle.movements(account))
    }
    await waitFor(() => expectTopic(oracle), { what: 'the topic to hold each version once, in order' })
  }

  async function expectTopic(oracle: BankOracle): Promise<true> {
    const records = await recordsIn(database.pool, 'bank.account')
    for (const account of oracle.accounts) {
      const versions = records.filter(({ key }) => key === account).map(({ version }) => Number(version))
      expect(versions).toEqual(Array.from({ length: oracle.versionOf(account) }, (_, index) => index + 1))
    }
    return true
  }
})
