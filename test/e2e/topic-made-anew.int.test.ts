import { expect, it } from 'vitest'
import { Reprise } from 'reprise'
import { caughtUpAll } from '../support/bank-facts.js'
import { bank } from '../support/bank.js'
import { openAccounts } from '../support/load.js'
import {
  ask,
  foldedBalances,
  quietly,
  ReadSide,
  shownBalances,
  useFreshDatabases,
} from '../support/read-side.js'
import { waitFor } from '../support/wait-for.js'

const freshDatabase = useFreshDatabases()
const TOPIC = 'bank.account'

it('a projection on the Postgres log halts while it runs when its topic is made anew, longer than before', async () => {
  const url = await freshDatabase()
  await using running = await Reprise.start(bank, quietly(url))
  await openAccounts(running, 8, 3)
  await caughtUpAll(running, url)
  await using side = await ReadSide.open(url)
  const { log, history } = side.installation
  const events = await history.page(['account'], 0n, 10_000, 1_000_000n)
  const latestFirst = [...events].reverse().map((event) => ({ topic: TOPIC, key: event.stream.id, event }))

  await log.topics.delete([TOPIC])
  await log.topics.create({ name: TOPIC, partitions: 4 })
  const publisher = log.publisher()
  await publisher.publish(latestFirst)
  await publisher.publish(latestFirst)
  await publisher.close()

  const reason = await waitFor(
    async () => {
      const [row] = await ask<{ failure: string | null }>(
        url,
        `SELECT failure FROM reprise_read.generations WHERE projection = 'balances' AND state = 'stopped'`,
      )
      return row?.failure
    },
    { what: 'the balances to stop' },
  )
  expect(reason).toMatch(/expected event .*, found event .*: the topic was made anew/)
  expect(await shownBalances(url)).toEqual(await foldedBalances(url))
})
