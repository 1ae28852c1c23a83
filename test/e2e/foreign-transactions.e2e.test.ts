import { beforeEach, expect, it } from 'vitest'
import { defineApp, Reprise, type App, type StartOptions } from 'reprise'
import { Balances, bank, DepositMoney, OpenAccount, Statements } from '../support/bank.js'
import { lettersIn } from '../support/hand-fed.js'
import { describeKafka, uniqueName } from '../support/kafka.js'
import { useFreshDatabases } from '../support/read-side.js'
import { onKafka, SharedTopic } from '../support/shared-topic.js'
import { waitFor } from '../support/wait-for.js'

const freshDatabase = useFreshDatabases()

let url = ''
let options: StartOptions = {}
beforeEach(async () => {
  url = await freshDatabase({ migrated: false })
  options = await onKafka(url)
})

/** A bank of its own, and its one topic, which others can write to. */
async function openBank() {
  const name = uniqueName('bank').replaceAll('-', '_')
  const topic = await SharedTopic.create(4, `${name}.account`)
  return { topic, definition: defineApp({ ...bank, name }) }
}

/** Both projections are with the account where its deposit of this amount is. */
async function deposit(app: App, amount: bigint): Promise<void> {
  const receipt = await app.execute(new DepositMoney({ accountId: '1', amount }))
  for (const projection of [Balances, Statements])
    await app.projections.caughtUp(projection, receipt, { timeout: '30s' })
}

const parked = () => Promise.all(['balances', 'statements'].map((projection) => lettersIn(url, projection)))

const hostile = { key: '1', value: 'nothing of ours' }

describeKafka('transactions of a foreign producer on an own topic', () => {
  it('stop nothing: what they commit is parked, and every own event is applied once, also after a restart', async () => {
    const { topic, definition } = await openBank()
    {
      await using app = await Reprise.start(definition, options)
      await app.execute(new OpenAccount({ accountId: '1', owner: 'Ada' }))
      await deposit(app, 1n)
      await topic.transact([hostile], 'commit')
      await deposit(app, 10n)
      await topic.transact([hostile, hostile], 'abort')
      await deposit(app, 100n)
    }
    await topic.transact([hostile], 'abort')
    await topic.transact([hostile], 'commit')
    {
      await using app = await Reprise.start(definition, options)
      await waitFor(async () => (await parked()).every((letters) => letters.length === 2), {
        what: 'the record that was committed meanwhile',
        deadline: 30_000,
      })
      expect(app.counters.applied).toEqual({ balances: 0, statements: 0 })
    }
    // The place of the lane is now behind the end of a transaction.
    await using app = await Reprise.start(definition, options)
    await deposit(app, 1_000n)

    const lines = await app.read(Statements, 'statement_lines').select('amount').orderBy('version').execute()
    expect(lines.map(({ amount }) => amount)).toEqual([1n, 10n, 100n, 1_000n])
    expect(await app.read(Balances).select('balance').execute()).toEqual([{ balance: 1_111n }])
    for (const letters of await parked())
      expect(letters).toMatchObject([{ class: 'contract' }, { class: 'contract' }])
  }, 120_000)
})
