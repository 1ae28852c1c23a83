import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { OutcomeUnknown, type Receipt, Reprise } from 'reprise'
import { deposit, open, touch, withdraw } from '../support/account-commands.js'
import { startBankProcess } from '../support/bank-process.js'
import { bank } from '../support/bank.js'
import { DatabaseProxy } from '../support/database-proxy.js'
import { inTurn } from '../support/in-turn.js'
import { uniqueName } from '../support/kafka.js'
import { silentLogger } from '../support/silent-logger.js'
import { countOf, eventsIn, expectSoundStore, recordsIn, waitingForLocks } from '../support/store-facts.js'
import { waitFor } from '../support/wait-for.js'
import { schemas, useMigratedDatabase } from '../support/write-side.js'

const database = useMigratedDatabase()
let proxy: DatabaseProxy

beforeAll(async () => {
  proxy = await DatabaseProxy.before(database.url)
})

afterAll(() => proxy.close())

/** Ends sessions of the store, whatever they are doing. */
const terminateSessions = async (condition: string): Promise<number> => {
  const { rows } = await database.pool.query(
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
     WHERE datname = current_database() AND pid <> pg_backend_pid() AND ${condition}`,
  )
  return rows.length
}

describe('an answer that is lost', () => {
  it('is looked up, so that a command is neither lost nor stored twice while sessions are terminated', async () => {
    const sides = [database.writeSide(), database.writeSide()]
    const accounts = [uniqueName('a'), uniqueName('b'), uniqueName('c')]
    for (const account of accounts) await open(inTurn(sides, 0), account)
    const receipts: Receipt[] = []
    const over = new AbortController()
    let terminated = 0
    // After each session that was ended some commands get through: a store that ends every append is simply down.
    const terminator = (async () => {
      let next = 0
      while (!over.signal.aborted) {
        await waitFor(() => over.signal.aborted || receipts.length >= next, {
          what: 'some commands to get through',
        })
        const ended = await terminateSessions(`query LIKE '%WITH ordered AS%' AND state = 'active'`)
        terminated += ended
        if (ended > 0) next = receipts.length + 8
      }
    })()

    const clients = Array.from({ length: 8 }, async (_, client) => {
      for (let round = 0; round < 20 || terminated < 6; round++)
        receipts.push(await deposit(inTurn(sides, client), inTurn(accounts, client + round), 1n))
    })
    await Promise.all(clients).finally(() => over.abort())
    await terminator

    const stored = new Map(
      (await eventsIn(database.pool)).map(({ stream_id, version, metadata }) => [
        metadata['commandId'],
        `account-${stream_id} ${version.toString()}`,
      ]),
    )
    for (const { commandId, stream, version } of receipts)
      expect(stored.get(commandId)).toBe(`${stream} ${version}`)
    expect(stored.size).toBe(3 + receipts.length)
    await expectSoundStore(database.pool)
  })

  it('is the first outcome when the append was committed', async () => {
    const side = database.writeSide({ url: proxy.url })
    const account = uniqueName('committed')
    await open(side, account)
    await deposit(side, account, 1n)

    proxy.loseNextAnswerTo('reprise-append')
    const receipt = await deposit(side, account, 7n)

    expect(receipt.version).toBe(3)
    expect(await eventsIn(database.pool, account)).toHaveLength(3)
    expect((await withdraw(side, account, 8n)).version).toBe(4)
    await expectSoundStore(database.pool)
  })

  it('is the first outcome for a command without events, too', async () => {
    const side = database.writeSide({ url: proxy.url })
    const account = uniqueName('touched')
    await open(side, account)

    proxy.loseNextAnswerTo('reprise-append')
    const receipt = await touch(side, account)

    expect(receipt.version).toBe(1)
    expect(await countOf(database.pool, 'command_results', `command_id = '${receipt.commandId}'`)).toBe(1)
  })

  it('is decided again when the append was not committed', async () => {
    const side = database.writeSide()
    const account = uniqueName('aborted')
    await open(side, account)
    const blocked = await appendBehindLock(account, () => deposit(side, account, 7n))

    expect(await terminateSessions(`pid = ${blocked.pid}`)).toBe(1)
    await blocked.releaseLock()

    expect((await blocked.receipt).version).toBe(2)
    expect(await eventsIn(database.pool, account)).toHaveLength(2)
  })

  it('cannot double an append that is still under way when the command is decided again', async () => {
    const side = database.writeSide({ url: proxy.url })
    const account = uniqueName('slow')
    await open(side, account)
    const blocked = await appendBehindLock(account, () => deposit(side, account, 7n))

    // The server does not notice that its client is gone, and goes on to commit.
    proxy.shut()
    proxy.reopen()
    await waitFor(async () => (await waitingForLocks(database.pool)) === 2, {
      what: 'the second append to wait',
    })
    await blocked.releaseLock()

    expect((await blocked.receipt).version).toBe(2)
    await waitFor(async () => (await waitingForLocks(database.pool)) === 0, { what: 'both appends to end' })
    expect(await eventsIn(database.pool, account)).toHaveLength(2)
    await expectSoundStore(database.pool)
  })

  it('is reported as unknown when nobody can be asked, and a retry with the same id finds out', async () => {
    const side = database.writeSide({ url: proxy.url })
    const account = uniqueName('unknown')
    const id = uniqueName('id')
    await open(side, account)

    proxy.shut()
    await expect(deposit(side, account, 7n, id)).rejects.toBeInstanceOf(OutcomeUnknown)
    proxy.reopen()

    expect((await deposit(side, account, 7n, id)).version).toBe(2)
    expect((await deposit(side, account, 7n, id)).version).toBe(2)
    expect(await eventsIn(database.pool, account)).toHaveLength(2)
  })

  /** Starts a command whose append waits in the server for a lock on its stream. */
  async function appendBehindLock(account: string, execute: () => Promise<Receipt>) {
    const blocker = await database.pool.connect()
    await blocker.query('BEGIN')
    await blocker.query(`SELECT FROM ${schemas.store}.streams WHERE id = $1 FOR UPDATE`, [account])
    const receipt = execute()
    receipt.catch(() => undefined)
    const pid = await waitFor(
      async () => {
        const { rows } = await database.pool.query<{ pid: number }>(
          `SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
        )
        return rows[0]?.pid
      },
      { what: 'the append to wait' },
    )
    return {
      pid,
      receipt,
      releaseLock: async () => {
        await blocker.query('COMMIT')
        blocker.release()
      },
    }
  }
})

describe('a process that is killed', () => {
  it('leaves a sound store at any moment, and what it acknowledged is answered again', async () => {
    const accounts = ['1', '2', '3'].map((name) => uniqueName(name))
    const acknowledged = new Map<string, string>()
    for (let life = 0; life < 3; life++) {
      const child = await startBankProcess(LOAD, {
        CHILD_DATABASE_URL: database.url,
        CHILD_ACCOUNTS: accounts.join(','),
        CHILD_LIFE: life.toString(),
      })
      onTestFinished(() => child.kill('SIGKILL'))
      for (let lines = 0; lines < 60 + 40 * life; lines++) {
        const { id, receipt } = JSON.parse(await child.nextLine()) as { id: string; receipt: Receipt }
        acknowledged.set(id, JSON.stringify(receipt))
      }
      await child.kill('SIGKILL')
      await expectSoundStore(database.pool)
    }

    const side = database.writeSide()
    for (const [id, receipt] of acknowledged) {
      const account = id.split('/')[1] ?? ''
      expect(JSON.stringify(await deposit(side, account, 1n, id))).toBe(receipt)
    }
    await using app = await Reprise.start(bank, {
      databaseUrl: database.url,
      log: 'postgres',
      lease: 1_000,
      logger: silentLogger,
    })
    await waitFor(async () => (await countOf(database.pool, 'outbox')) === 0, {
      what: 'what was left to be published',
    })
    await app.stop()
    await expectSoundStore(database.pool)
    expect(await recordsIn(database.pool, 'bank.account')).toHaveLength(
      (await eventsIn(database.pool)).length,
    )
  })
})

/** Deposits without end, several at a time, and tells what was acknowledged. */
const LOAD = `
const app = await Reprise.start(bank, {
  databaseUrl: process.env.CHILD_DATABASE_URL, log: 'postgres', lease: 1000, logLevel: 'silent',
})
const accounts = process.env.CHILD_ACCOUNTS.split(',')
if (process.env.CHILD_LIFE === '0')
  for (const accountId of accounts) await app.execute(new OpenAccount({ accountId, owner: 'Ada' }))
const client = async (index) => {
  for (let round = 0; ; round++) {
    const accountId = accounts[(index + round) % accounts.length]
    const id = [process.env.CHILD_LIFE, accountId, index, round].join('/')
    const receipt = await app.execute(new DepositMoney({ accountId, amount: 1n }), { commandId: id })
    console.log(JSON.stringify({ id, receipt }))
  }
}
await Promise.all([0, 1, 2, 3, 4, 5].map(client))
`
