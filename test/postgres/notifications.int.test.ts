import { describe, expect, it, onTestFinished } from 'vitest'
import { Notifications } from '../../src/postgres/notifications.js'
import { DatabaseProxy } from '../support/database-proxy.js'
import { uniqueName } from '../support/kafka.js'
import { silentLogger } from '../support/silent-logger.js'
import { waitFor } from '../support/wait-for.js'
import { useMigratedDatabase } from '../support/write-side.js'

const database = useMigratedDatabase()

describe('Notifications', () => {
  it('wakes every process that listens on the channel, and no other', async () => {
    const [here, there] = [notifications(), notifications()]
    const channel = uniqueName('channel')
    const calls = { here: 0, there: 0, other: 0, stopped: 0 }
    await here.listen(channel, () => calls.here++)
    await there.listen(channel, () => calls.there++)
    await there.listen(uniqueName('channel'), () => calls.other++)
    const stop = await there.listen(channel, () => calls.stopped++)
    stop()

    here.notify(channel)

    expect(calls.here).toBe(1)
    await waitFor(() => calls.there > 0, { what: 'the call to the other process' })
    expect(calls).toMatchObject({ other: 0, stopped: 0 })
  })

  it('takes a channel name for what it is', async () => {
    const [here, there] = [notifications(), notifications()]
    const channel = 'Upper "quoted" with space'
    let calls = 0
    await there.listen(channel, () => calls++)

    here.notify(channel)

    await waitFor(() => calls > 0, { what: 'the call' })
  })

  it('merges calls that come while one is being sent', async () => {
    const [here, there] = [notifications(), notifications()]
    const channel = uniqueName('channel')
    let calls = 0
    await there.listen(channel, () => calls++)

    for (let call = 0; call < 500; call++) here.notify(channel)

    await waitFor(() => calls >= 2, { what: 'the first and the merged call' })
    await there.listen(uniqueName('flush'), () => undefined)
    expect(calls).toBeLessThan(5)
  })

  it('listens again after its connection was terminated, and wakes its listeners for what it may have missed', async () => {
    const [here, there] = [notifications(), notifications()]
    const channel = uniqueName('channel')
    let calls = 0
    await there.listen(channel, () => calls++)

    for (let round = 0; round < 2; round++) {
      const before = calls
      expect(await terminateListener(channel)).toBe(1)
      await waitFor(() => calls > before, { what: 'the call after the reconnection' })
    }
    const before = calls
    here.notify(channel)

    await waitFor(() => calls > before, { what: 'a call over the new connection' })
  })

  it('closes while it reconnects to a database that does not answer', async () => {
    const proxy = await DatabaseProxy.before(database.url)
    onTestFinished(() => proxy.close())
    const pool = database.connect(2, proxy.url)
    const lonely = new Notifications(pool, silentLogger)
    await lonely.listen(uniqueName('channel'), () => undefined)
    proxy.fallSilent()
    await waitFor(() => pool.totalCount === 0, { what: 'the loss' })
    await waitFor(() => pool.totalCount === 1, { what: 'the reconnection to be under way' })

    const closing = lonely.close()
    proxy.shut()

    await expect(closing).resolves.toBeUndefined()
  })

  it('stays silent and never rejects after it was closed', async () => {
    const pool = database.connect(2)
    const closed = new Notifications(pool, silentLogger)
    const channel = uniqueName('channel')
    let calls = 0
    await closed.listen(channel, () => calls++)
    await closed.close()

    closed.notify(channel)

    expect(calls).toBe(0)
    expect(pool.totalCount).toBe(0)
  })

  function notifications(): Notifications {
    const made = new Notifications(database.connect(3), silentLogger)
    onTestFinished(() => made.close())
    return made
  }

  async function terminateListener(channel: string): Promise<number> {
    const { rows } = await database.pool.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND query = $1`,
      [`LISTEN "${channel}"`],
    )
    return rows.length
  }
})
