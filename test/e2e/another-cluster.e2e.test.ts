import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { defineApp, Reprise } from 'reprise'
import { brokerAvailable } from '../../src/testing/kafka/index.js'
import { KafkaServer } from '../chaos/servers/kafka-server.js'
import { caughtUpAll } from '../support/bank-facts.js'
import { bank } from '../support/bank.js'
import { describeKafka, uniqueName } from '../support/kafka.js'
import { openAccounts } from '../support/load.js'
import { ask, foldedBalances, quietly, shownBalances, useFreshDatabases } from '../support/read-side.js'
import { waitFor } from '../support/wait-for.js'

const freshDatabase = useFreshDatabases()
const local = await brokerAvailable()
const app = defineApp({ ...bank, name: uniqueName('bank').replaceAll('-', '_') })

describeKafka('another cluster behind the address of the first one', () => {
  describe.skipIf(!local.available)(
    `while an app runs${local.available ? '' : ' (skipped: it needs a broker of its own)'}`,
    () => {
      let folder = ''
      let server: KafkaServer
      beforeAll(async () => {
        folder = await mkdtemp(join(tmpdir(), 'reprise-cluster-'))
        server = await KafkaServer.start(folder, 0)
      }, 120_000)
      afterAll(async () => {
        await server.stop()
        await rm(folder, { recursive: true, force: true })
      })

      it('halts its projections, which say what was expected and what was found, and nothing is published there', async () => {
        const url = await freshDatabase()
        const kafka = { brokers: [server.direct] }
        await using running = await Reprise.start(app, quietly(url, { log: 'kafka', kafka, lease: 6_000 }))
        await openAccounts(running, 4, 2)
        await caughtUpAll(running, url)
        const [first] = await ask<{ log: string }>(
          url,
          `SELECT DISTINCT log_identity AS log FROM reprise_read.generations`,
        )

        await server.kill()
        await rm(folder, { recursive: true, force: true })
        await server.restart()
        await openAccounts(running, 2, 1, 'more')

        const reason = await waitFor(
          async () => {
            const [row] = await ask<{ failure: string | null }>(
              url,
              `SELECT failure FROM reprise_read.generations WHERE projection = 'balances' AND state = 'stopped'`,
            )
            return row?.failure
          },
          { what: 'the balances to stop', deadline: 60_000 },
        )
        expect(reason).toContain(
          `expected ${first?.log ?? ''} behind kafka at ${server.direct}, found kafka:`,
        )
        const waiting = await ask(url, `SELECT count(*)::int AS rows FROM reprise_store.outbox`)
        expect(waiting).toEqual([{ rows: 4 }])
        const before = Object.entries(await foldedBalances(url)).filter(([id]) => id.startsWith('acc'))
        expect(await shownBalances(url, `${app.name}.balances`)).toEqual(Object.fromEntries(before))
      }, 180_000)
    },
  )
})
