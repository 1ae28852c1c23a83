import { randomUUID } from 'node:crypto'
import { describe } from 'vitest'
import { jsonEncoding } from '../../../src/contracts/index.js'
import { Notifications } from '../../../src/postgres/notifications.js'
import { describeLog, type LogHarness } from '../../contracts/log.contract.js'
import { postgresLog } from '../../support/relays.js'
import { silentLogger } from '../../support/silent-logger.js'
import { schemas, useMigratedDatabase } from '../../support/write-side.js'

describe.each([18, 15] as const)('on Postgres %i', (server) => {
  const database = useMigratedDatabase({ server })

  describeLog('PostgresLog', () => {
    const encoding = jsonEncoding({ service: 'bank', storeId: 'store-1' })
    const { store } = database.writeSide()
    const heads = new Map<string, number>()
    const storeNext = async (id: string) => {
      const version = heads.get(id) ?? 0
      heads.set(id, version + 1)
      const commandId = randomUUID()
      const stream = { type: 'account', id }
      const metadata = { commandId, correlationId: commandId, causationId: commandId }
      const event = {
        eventId: randomUUID(),
        type: 'MoneyDeposited',
        schemaVersion: 1,
        payload: JSON.stringify({ amount: version.toString() }),
        metadata,
        occurredAt: new Date('1998-12-31T00:00:00.000Z'),
      }
      const append = { stream, expectedVersion: version, events: [event], reservations: [], closes: false }
      await store.append([{ commandId, fingerprint: 'f', streams: [append], guards: [] }])
      return store.load(stream, { afterVersion: version })
    }
    return Promise.resolve<LogHarness>({
      encoding,
      open: () => {
        const notifications = new Notifications(database.connect(), silentLogger)
        const log = postgresLog(database.connect(), notifications)
        const close = log.close.bind(log)
        log.close = async () => {
          await close()
          await notifications.close()
        }
        return Promise.resolve(log)
      },
      storeEvents: async (streamIds, count) => {
        const events = []
        for (let round = 0; round < count; round++)
          for (const id of streamIds) events.push(...(await storeNext(id)))
        return events
      },
      openingCode: `
        import { jsonEncoding } from '$src/contracts/index.js'
        import { PostgresLog } from '$src/log/postgres/index.js'
        import { Notifications } from '$src/postgres/notifications.js'
        import { createPool } from '$src/postgres/pool.js'
        const nothing = () => {}
        const logger = { debug: nothing, info: nothing, warn: nothing, error: nothing }
        const pool = createPool({
          url: ${JSON.stringify(database.url)}, applicationName: 'child', size: 4, idleInTransaction: 5000, logger,
        })
        const log = new PostgresLog({
          pool, store: '${schemas.store}', leasePool: pool, read: '${schemas.read}',
          encoding: jsonEncoding({ service: 'bank', storeId: 'store-1' }),
          notifications: new Notifications(pool, logger), logger,
        })`,
      close: () => Promise.resolve(),
    })
  })
})
