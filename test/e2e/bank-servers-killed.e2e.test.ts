import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, it, onTestFinished } from 'vitest'
import { startBroker } from '../../src/testing/kafka/index.js'
import { onDatabase, storedEvents } from '../support/banking-database.js'
import { type BankingProcess, documentOf, startBanking } from '../support/banking-run.js'
import { credits, useBankFiles } from '../support/bank-file.js'
import { killServer } from '../support/embedded-server.js'
import { waitFor } from '../support/wait-for.js'

const TRANSACTIONS = 600
const ACCOUNTS = 20
const EVENTS = TRANSACTIONS + ACCOUNTS

/** On a machine that is busy with other tests too, a process may be still for a while. */
const PATIENT = { REPRISE_LEASE_MS: '4000' }

const bankFile = useBankFiles()
let data = ''
let flags: readonly string[] = []
beforeAll(async () => {
  data = await bankFile(credits(TRANSACTIONS, ACCOUNTS))
  flags = ['--json', '--data', data]
})

/** Moments of an import, as numbers of stored events: one by chance in each part of it. */
function moments(count: number): readonly number[] {
  const part = EVENTS / (count + 1)
  return Array.from({ length: count }, (_, index) => Math.ceil(part * (index + Math.random())))
}

async function reach(
  url: () => string | Promise<string>,
  events: number,
  bank: BankingProcess,
): Promise<void> {
  const what = `${events} events to be stored`
  let ended = false
  void bank.ended.then(() => (ended = true))
  await waitFor(async () => ended || (await storedEvents(await url())) >= events, { what, deadline: 60_000 })
}

async function expectAllBooked(bank: BankingProcess): Promise<void> {
  const run = await bank.ended
  expect(run.exit, run.stderr).toBe(0)
  expect(documentOf(run)).toMatchObject({ transactions: TRANSACTIONS, accounts: ACCOUNTS, mismatches: 0 })
}

describe('the bank whose embedded Postgres is killed', { timeout: 180_000 }, () => {
  let project = ''
  let server = ''
  beforeAll(async () => {
    project = await mkdtemp(join(tmpdir(), 'reprise-bank-'))
    // Root's server runs as another user, who has to get in.
    await chmod(project, 0o755)
    server = join(project, '.reprise', 'postgres')
  })
  afterAll(async () => {
    await killServer(server)
    await rm(project, { recursive: true, force: true, maxRetries: 5 })
  })

  const start = () => startBanking('', flags, { REPRISE_DATA_FOLDER: join(project, '.reprise'), ...PATIENT })

  const url = async (): Promise<string> => {
    const [, , , port] = (await readFile(join(server, 'data', 'postmaster.pid'), 'utf8')).split('\n')
    const password = await readFile(join(server, 'password'), 'utf8')
    return `postgresql://postgres:${password}@127.0.0.1:${port ?? ''}/postgres`
  }

  it('brings it back each time, and ends with every balance right', async () => {
    const bank = await start()
    onTestFinished(() => void bank.child.kill('SIGKILL'))

    for (const [index, moment] of moments(3).entries()) {
      await reach(url, moment, bank)
      await killServer(server, index % 2 === 0 ? 'family' : 'itself')
    }

    await expectAllBooked(bank)
  })

  it('goes on from there when it was killed as well, and with its server', async () => {
    await rm(join(project, '.reprise'), { recursive: true, force: true })
    for (const moment of moments(2)) {
      const bank = await start()
      await reach(url, moment, bank)
      bank.child.kill('SIGKILL')
      await killServer(server)
      await bank.ended
    }

    await expectAllBooked(await start())
  })
})

// A local broker may be impossible here though the run was given another one.
const noBroker = inject('kafkaMissing') !== '' || process.env['TEST_KAFKA_BROKERS'] !== undefined

describe.skipIf(noBroker)('the bank whose Kafka is killed', { timeout: 180_000 }, () => {
  it('waits for it to come back, and ends with every balance right', () =>
    onDatabase(async (url) => {
      const folder = await mkdtemp(join(tmpdir(), 'reprise-broker-'))
      onTestFinished(() => rm(folder, { recursive: true, force: true }))
      const settings = { 'group.initial.rebalance.delay.ms': '0', 'group.min.session.timeout.ms': '1000' }
      let broker = await startBroker({ folder, settings })
      onTestFinished(() => broker.kill())
      const bank = await startBanking(url, flags, { KAFKA_BROKERS: broker.brokers, ...PATIENT })
      onTestFinished(() => void bank.child.kill('SIGKILL'))

      for (const moment of moments(2)) {
        await reach(() => url, moment, bank)
        await broker.kill()
        broker = await startBroker({ folder, settings })
      }

      await expectAllBooked(bank)
      expect(await storedEvents(url)).toBe(EVENTS)
    }))
})
