import kafkajs, { type Admin } from 'kafkajs'
import { defineApp, Reprise } from 'reprise'
import { describe, expect, it, onTestFinished } from 'vitest'
import { unsafePolicies } from '../../src/app/topic-policy.js'
import { Account } from '../support/bank.js'
import { freshDatabase } from '../support/database.js'
import { describeKafka, kafkaBrokers, uniqueName } from '../support/kafka.js'
import { RecordingLogger } from '../support/recording-logger.js'

const kept = {
  name: 'bank.account',
  compacted: false,
  retention: undefined,
  replicas: 1,
  minInsyncReplicas: 1,
}

describe('how an event topic is kept', () => {
  it('is safe without compaction, without an end, and with replicas enough', () => {
    expect(unsafePolicies(kept)).toEqual([])
  })

  it('is refused when it is compacted, or nothing could be written, and warned of when it ends', () => {
    const found = unsafePolicies({
      ...kept,
      compacted: true,
      retention: 'retention.ms=1',
      minInsyncReplicas: 2,
    })

    expect(found.map(({ setting, refused }) => [setting, refused])).toEqual([
      ['cleanup.policy', true],
      ['min.insync.replicas', true],
      ['retention', false],
    ])
  })
})

describeKafka('a start on Kafka', { timeout: 60_000 }, () => {
  const startOn = async (configuration: Readonly<Record<string, string>>) => {
    const brokers = [(await kafkaBrokers()) ?? '']
    const app = uniqueName('policy').replace('-', '')
    const database = await freshDatabase()
    onTestFinished(() => database.drop())
    await withAdmin(brokers, (admin) =>
      admin.createTopics({
        topics: [
          {
            topic: `${app}.account`,
            numPartitions: 4,
            configEntries: Object.entries(configuration).map(([name, value]) => ({ name, value })),
          },
        ],
      }),
    )
    const logger = new RecordingLogger()
    const definition = defineApp({ name: app, aggregates: [Account] })
    const options = { databaseUrl: database.url, log: 'kafka', kafka: { brokers }, logger } as const
    const started = Reprise.start(definition, options).then((it) => it.stop())
    return { topic: `${app}.account`, started, logger }
  }

  it.each([
    [
      { 'cleanup.policy': 'compact' },
      /the setting cleanup\.policy cannot be used: topic policy\w+\.account is compacted/,
    ],
    [
      { 'cleanup.policy': 'compact,delete' },
      /is compacted: of each stream only the last event would be left/,
    ],
    [
      { 'min.insync.replicas': '2' },
      /has 1 replicas and min\.insync\.replicas=2: no event could ever be published/,
    ],
  ])('refuses an event topic with %o', async (configuration, message) => {
    const { started } = await startOn({ 'retention.ms': '-1', ...configuration })

    await expect(started).rejects.toThrow(message)
  })

  it('warns of an event topic that drops old events', async () => {
    const { topic, started, logger } = await startOn({ 'retention.ms': '60000' })

    await started

    expect(logger.at('warn')).toContainEqual({
      level: 'warn',
      facts: { topic, setting: 'retention' },
      message: expect.stringContaining('drops old events (retention.ms=60000)') as string,
    })
  })
})

async function withAdmin<T>(brokers: string[], work: (admin: Admin) => Promise<T>): Promise<T> {
  const admin = new kafkajs.Kafka({ brokers, logLevel: kafkajs.logLevel.NOTHING }).admin()
  await admin.connect()
  try {
    return await work(admin)
  } finally {
    await admin.disconnect()
  }
}
