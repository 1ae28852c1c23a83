import { describe, expect, it, onTestFinished } from 'vitest'
import { deposit, open } from '../support/account-commands.js'
import { startBankProcess } from '../support/bank-process.js'
import { inTurn } from '../support/in-turn.js'
import { uniqueName } from '../support/kafka.js'
import type { ModuleProcess } from '../support/module-process.js'
import { useRelays } from '../support/relays.js'
import { countOf, expectOrderedTopic, expectSoundStore, recordsIn } from '../support/store-facts.js'
import { waitFor } from '../support/wait-for.js'
import { useMigratedDatabase } from '../support/write-side.js'

const TOPIC = 'bank.account'
const LEASE = 1_000
const database = useMigratedDatabase()
const relays = useRelays(database, TOPIC)

describe('relays of several processes', () => {
  it('publish every event once and in order while one is stopped, one killed, and one paused beyond its lease', async () => {
    const processes = [await relayProcess(), await relayProcess(), await relayProcess()] as const
    const [stopped, killed, paused] = processes
    const load = new Load()
    await waitFor(() => load.grewBy(100), { what: 'the first records' })

    stopped.send('stop')
    expect(await stopped.ended).toBe(0)
    await waitFor(() => load.grewBy(100), { what: 'records after the stop' })
    await killed.kill('SIGKILL')
    const successor = await relayProcess()
    await waitFor(() => load.grewBy(200), { what: 'records after the kill', deadline: 20_000 })
    process.kill(paused.pid, 'SIGSTOP')
    await waitFor(() => relays.heldBy(1), { what: 'the successor to have every slot', deadline: 20_000 })
    await waitFor(() => load.grewBy(200), { what: 'records during the pause', deadline: 20_000 })
    process.kill(paused.pid, 'SIGCONT')
    await waitFor(() => relays.heldBy(2), { what: 'the paused one to have slots again', deadline: 20_000 })
    await waitFor(() => load.grewBy(200), { what: 'records after the pause', deadline: 20_000 })

    await load.stop()
    await waitFor(async () => (await countOf(database.pool, 'outbox')) === 0, {
      what: 'the rest to be published',
    })
    for (const child of [paused, successor]) child.send('stop')
    expect(await Promise.all([paused.ended, successor.ended])).toEqual([0, 0])

    await expectSoundStore(database.pool)
    await expectOrderedTopic(database.pool, TOPIC)
    expect(await recordsIn(database.pool, TOPIC)).toHaveLength(await countOf(database.pool, 'events'))
  }, 120_000)

  it('take the slots of a killed one over within two leases', async () => {
    const doomed = await relayProcess()
    const heir = relays.parts({ lease: LEASE })
    await heir.relay.start()
    await waitFor(() => relays.heldBy(2), { what: 'both to have slots' })

    await doomed.kill('SIGKILL')
    const killedAt = performance.now()
    await waitFor(() => heir.relay.holdsEverySlot, { what: 'the takeover' })

    expect(performance.now() - killedAt).toBeLessThan(2 * LEASE)
  })
})

/** Deposits through two processes' write sides until it is stopped. */
class Load {
  #stopping = false
  readonly #done: Promise<unknown>
  #seen = 0

  constructor() {
    const sides = [database.writeSide(), database.writeSide()]
    const accounts = Array.from({ length: 24 }, () => uniqueName('load'))
    this.#done = Promise.all(
      accounts.map(async (account, index) => {
        await open(inTurn(sides, index), account)
        for (let round = 0; !this.#stopping; round++) await deposit(inTurn(sides, index + round), account, 1n)
      }),
    )
    this.#done.catch(() => undefined)
  }

  /** Whether this many records have come since it was last so. */
  async grewBy(count: number): Promise<boolean> {
    const records = await countOf(database.pool, 'topic_records')
    if (records - this.#seen < count) return false
    this.#seen = records
    return true
  }

  async stop(): Promise<void> {
    this.#stopping = true
    await this.#done
  }
}

/** A process with a relay and nothing else, that ends in order when told to. */
async function relayProcess(): Promise<ModuleProcess> {
  const child = await startBankProcess(
    `
    const app = await Reprise.start(
      { name: 'bank', aggregates: [Account] },
      { databaseUrl: process.env.CHILD_DATABASE_URL, log: 'postgres', lease: ${LEASE}, logLevel: 'silent' },
    )
    console.log('ready')
    process.stdin.once('data', () => app.stop().then(() => process.exit(0)))
    `,
    { CHILD_DATABASE_URL: database.url },
  )
  onTestFinished(() => child.kill('SIGKILL'))
  expect(await child.nextLine()).toBe('ready')
  return child
}
