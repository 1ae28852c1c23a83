import { randomUUID } from 'node:crypto'
import { TimedOut } from '../../core/errors/index.js'
import type { KafkaClients } from '../../kafka/index.js'
import type { LogRecord } from '../log-record.js'
import type { AdminConnection } from './admin-connection.js'
import { recordOf } from './records.js'
import { settlesWithin } from './settles-within.js'

const RETRIES = 8
/** A default broker alone lets a new group wait 3 s for more members. */
const READ_WITHIN = 30_000
const LEFT_WITHIN = 5_000

/** Reads one record of a topic that is not empty. The client can read only as a group, so it is one of its own, gone afterwards. */
export async function readOne(
  clients: KafkaClients,
  connection: AdminConnection,
  topic: string,
): Promise<LogRecord> {
  const groupId = `reprise.sample.${randomUUID()}`
  const consumer = clients({ retries: RETRIES }).consumer({
    groupId,
    allowAutoTopicCreation: false,
    maxWaitTimeInMs: 100,
    maxBytes: 64 * 1024,
  })
  let found: LogRecord | undefined
  const reading = new Promise<void>((resolve, reject) => {
    consumer.on(consumer.events.CRASH, ({ payload }) => {
      // A crash that the client starts again from by itself is no end: a new group's coordinator may still be loading.
      if (!payload.restart) reject(payload.error)
    })
    consumer
      .connect()
      .then(() => consumer.subscribe({ topics: [topic], fromBeginning: true }))
      .then(() =>
        consumer.run({
          autoCommit: false,
          eachBatchAutoResolve: false,
          eachBatch: ({ batch }) => {
            const message = batch.messages[0]
            if (message !== undefined) found ??= recordOf(batch, message)
            resolve()
            return Promise.resolve()
          },
        }),
      )
      .catch(reject)
  })
  try {
    if (await settlesWithin(reading, READ_WITHIN)) await reading
    if (found === undefined) throw new TimedOut(`a record of topic ${topic}`, READ_WITHIN)
    return found
  } finally {
    await settlesWithin(consumer.disconnect(), LEFT_WITHIN)
    await connection.use((admin) => admin.deleteGroups([groupId])).catch(() => undefined)
  }
}
