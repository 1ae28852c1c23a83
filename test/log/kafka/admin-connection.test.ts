import { expect, it, onTestFinished } from 'vitest'
import { LogUnavailable } from 'reprise'
import { type KafkaClients, kafkaClients } from '../../../src/kafka/index.js'
import { AdminConnection } from '../../../src/log/kafka/admin-connection.js'
import { describeKafka, kafkaBrokers } from '../../support/kafka.js'
import { silentLogger } from '../../support/silent-logger.js'

/** Milliseconds: enough for a broker that answers. */
const ANSWERED_WITHIN = 3_000
const forever = <T>(): Promise<T> => new Promise(() => undefined)

async function connectionTo(change: (clients: KafkaClients) => KafkaClients): Promise<AdminConnection> {
  const settings = { brokers: [(await kafkaBrokers()) ?? ''], clientId: 'admin' }
  const connection = new AdminConnection(
    settings,
    change(kafkaClients(settings, silentLogger)),
    ANSWERED_WITHIN,
  )
  onTestFinished(() => connection.close())
  return connection
}

/** Real clients, of which the first one does not end what it is asked, nor its connections. */
function firstOneHung(method: 'connect' | 'listTopics'): (clients: KafkaClients) => KafkaClients {
  return (clients) => {
    let made = 0
    return (options) => {
      const client = clients(options)
      const make = client.admin.bind(client)
      client.admin = (config) => {
        const admin = make(config)
        if (made++ > 0) return admin
        onTestFinished(() => admin.disconnect())
        return { ...admin, [method]: () => forever(), disconnect: () => forever() }
      }
      return client
    }
  }
}

describeKafka('an admin client that hangs', () => {
  it('while it is asked something fails that alone: whoever comes next gets another one', async () => {
    const connection = await connectionTo(firstOneHung('listTopics'))
    const identity = await connection.identity()

    const asked = connection.use((admin) => admin.listTopics())
    const behind = connection.identity()

    await expect(asked).rejects.toBeInstanceOf(LogUnavailable)
    await expect(asked).rejects.toThrow('the client did not end what it was asked within 3000 ms')
    expect(await behind).toBe(identity)
    expect(await connection.use((admin) => admin.listTopics())).toBeInstanceOf(Array)
  })

  it('while it connects does so, too', async () => {
    const connection = await connectionTo(firstOneHung('connect'))

    const asked = connection.identity()
    const behind = connection.identity()

    await expect(asked).rejects.toBeInstanceOf(LogUnavailable)
    expect(await behind).toMatch(/^kafka:/)
  })

  it('keeps nobody from closing, and what waits behind it is not begun', async () => {
    const connection = await connectionTo(firstOneHung('listTopics'))
    await connection.identity()

    const asked = connection.use((admin) => admin.listTopics())
    const behind = connection.identity()
    const outcomes = Promise.allSettled([asked, behind])
    await connection.close()

    expect((await outcomes).map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    await expect(behind).rejects.toThrow('its connection was closed')
  })
})
