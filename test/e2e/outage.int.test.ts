import { beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { Reprise } from 'reprise'
import { bank } from '../support/bank.js'
import { startBankProcess } from '../support/bank-process.js'
import { caughtUpAll } from '../support/bank-facts.js'
import { DatabaseProxy } from '../support/database-proxy.js'
import { ask, foldedBalances, quietly, shownBalances, useFreshDatabases } from '../support/read-side.js'
import { waitFor } from '../support/wait-for.js'

const freshDatabase = useFreshDatabases()
let url = ''
beforeEach(async () => {
  url = await freshDatabase()
})

/** Seconds. The promise is about sixty; TEST_OUTAGE_SECONDS tries them. */
const OUTAGE = Number(process.env['TEST_OUTAGE_SECONDS'] ?? 15)
const WARM_UP = 8
const MOST_GROWTH = 50 * 1024 * 1024

/** What the process says of itself, four times a second. */
interface Sample {
  readonly at: number
  readonly rss: number
  readonly acked: number
  readonly refused: number
  readonly slowest: number
  readonly status: string
}

/** Fifty clients that never give up a command: each is tried again, with its id, until it is accepted. */
const BUSINESS = `
const app = await Reprise.start(bank, { databaseUrl: process.env.TEST_URL, log: 'postgres', lease: 1000, logLevel: 'silent' })
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms))
let acked = 0
let refused = 0
let slowest = 0
let ending = false
const persistently = async (command, commandId) => {
  for (;;) {
    const begun = performance.now()
    try {
      return await app.execute(command, { commandId })
    } catch (error) {
      if (error.retriable !== true) console.log(JSON.stringify({ fault: String(error.stack) }))
      refused++
      await pause(50)
    } finally {
      slowest = Math.max(slowest, performance.now() - begun)
    }
  }
}
const client = async (name) => {
  const accountId = 'account-' + name
  await persistently(new OpenAccount({ accountId, owner: 'Ada' }), 'open-' + name)
  for (let turn = 0; !ending; turn++) {
    await persistently(new DepositMoney({ accountId, amount: 1n }), name + '-' + turn)
    acked++
    await pause(50)
  }
}
const clients = Array.from({ length: 50 }, (_, name) => client(name))
const telling = setInterval(async () => {
  const { status } = await app.health()
  console.log(JSON.stringify({ at: Date.now(), rss: process.memoryUsage().rss, acked, refused, slowest, status }))
}, 250)
process.stdin.once('data', async () => {
  ending = true
  await Promise.all(clients)
  clearInterval(telling)
  await app.stop()
  console.log(JSON.stringify({ ended: acked }))
  process.exit(0)
})
`

describe('a process whose Postgres is away', () => {
  it.each(['shut', 'vanish'] as const)(
    `stays up under load, within its memory, and catches up by itself (%s, ${OUTAGE} s)`,
    async (outage) => {
      const proxy = await DatabaseProxy.before(url)
      onTestFinished(() => proxy.close())
      const business = await startBankProcess(BUSINESS, { TEST_URL: proxy.url })
      onTestFinished(() => business.kill('SIGKILL'))
      const samples: Sample[] = []
      const others: string[] = []
      const reading = (async () => {
        for (;;) {
          const line = await business.nextLine()
          if (line.startsWith('{"at"')) samples.push(JSON.parse(line) as Sample)
          else others.push(line)
        }
      })().catch(() => undefined)
      const last = (): Sample | undefined => samples.at(-1)
      const secondsOf = (seconds: number) => (): boolean =>
        (last()?.at ?? 0) - (samples[0]?.at ?? 0) >= seconds * 1_000
      await waitFor(secondsOf(WARM_UP), { what: 'business as usual', deadline: 60_000 })

      const before = Math.max(...samples.slice(-8).map(({ rss }) => rss))
      const begun = samples.length
      proxy[outage]()
      await waitFor(secondsOf(WARM_UP + OUTAGE), { what: 'the outage', deadline: (OUTAGE + 30) * 1_000 })
      const during = samples.slice(begun)
      const ackedThen = last()?.acked ?? 0
      // A machine that comes back knows nothing of the connections it had.
      proxy.shut()
      proxy.reopen()
      const back = Date.now()
      await waitFor(() => last()?.status === 'ok' && (last()?.acked ?? 0) > ackedThen + 200, {
        what: 'business to go on',
        deadline: 60_000,
      })
      const recovered = Date.now() - back
      const growth = Math.max(...samples.slice(begun).map(({ rss }) => rss)) - before
      business.send('end')
      expect(await business.ended).toBe(0)
      await reading

      const { refused = 0, slowest = 0 } = last() ?? {}
      process.stderr.write(
        `${outage}: rss ${mib(before)} before, ${mib(growth)} more; ${refused} refused, the slowest answer ` +
          `${Math.round(slowest)} ms; business went on ${recovered} ms after the heal\n`,
      )
      expect(during.filter(({ status }) => status === 'down').length).toBeGreaterThan(during.length / 2)
      expect(growth).toBeLessThan(MOST_GROWTH)
      expect(slowest).toBeLessThan(11_000)
      expect(others).toEqual([expect.stringMatching(/^\{"ended":\d+\}$/)])
      const { ended } = JSON.parse(others[0] ?? '{}') as { ended: number }
      expect(
        await ask(
          url,
          `SELECT count(*)::int AS deposits FROM reprise_store.events WHERE type = 'MoneyDeposited'`,
        ),
      ).toEqual([{ deposits: ended }])
      await expectAllCaughtUp()
    },
    (OUTAGE + 240) * 1_000,
  )
})

async function expectAllCaughtUp(): Promise<void> {
  const app = await Reprise.start(bank, quietly(url))
  try {
    await caughtUpAll(app, url)
    expect(await shownBalances(url)).toEqual(await foldedBalances(url))
  } finally {
    await app.stop()
  }
}

const mib = (bytes: number): string => `${(bytes / 1024 / 1024).toFixed(1)} MiB`
