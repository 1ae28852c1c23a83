import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Admin, Kafka, logLevel } from 'kafkajs'
import { afterAll, afterEach, beforeAll, describe, expect, inject, it, onTestFinished } from 'vitest'
import { type Broker, startBroker } from '../../../src/testing/kafka/index.js'
import { uniqueName } from '../../support/kafka.js'
import { type ModuleProcess, startModuleProcess } from '../../support/module-process.js'
import { waitFor } from '../../support/wait-for.js'

// A local broker may be impossible here though the run was given another one.
const skipped = inject('kafkaMissing') !== '' || process.env['TEST_KAFKA_BROKERS'] !== undefined

const starter = (folder: string) => `
  import { startBroker } from '$src/testing/kafka/index.js'
  const { brokers, clusterId } = await startBroker({ folder: ${JSON.stringify(folder)} })
  console.log(JSON.stringify({ brokers, clusterId }))
  process.stdin.once('data', () => process.stdin.destroy())
`

describe.skipIf(skipped)('startBroker', { timeout: 60_000 }, () => {
  let folder: string
  const running = new Set<Broker>()

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'reprise-broker-'))
  })

  // A test that fails in the middle must not leave its broker to the next one.
  afterEach(async () => {
    await Promise.all([...running].map((broker) => broker.kill()))
    running.clear()
  })

  afterAll(() => rm(folder, { recursive: true, force: true }))

  const start = async (options: { port?: number } = {}) => {
    const broker = await startBroker({ folder, ...options })
    running.add(broker)
    return broker
  }

  it('serves as soon as it is started', async () => {
    const broker = await start()

    await withAdmin(broker.brokers, async (admin) => {
      const topic = uniqueName('first')
      await admin.createTopics({ topics: [{ topic, numPartitions: 3 }] })
      // A partition may have its leader a moment before that knows of it.
      await waitFor(async () => (await admin.fetchTopicOffsets(topic)).length === 3, {
        what: 'all partitions of a new topic to answer',
      })
    })
    await broker.stop()
  })

  it('keeps cluster id, port and topics over a stop and over a kill', async () => {
    const topic = uniqueName('kept')
    const first = await start()
    await withAdmin(first.brokers, (admin) => admin.createTopics({ topics: [{ topic }] }))

    await first.stop()
    const second = await start()
    await second.kill()
    const third = await start()

    for (const { brokers, clusterId } of [second, third]) {
      expect({ brokers, clusterId }).toEqual({ brokers: first.brokers, clusterId: first.clusterId })
    }
    await withAdmin(third.brokers, async (admin) => expect(await admin.listTopics()).toContain(topic))
    await third.stop()
  })

  it('is refused on a folder whose broker a living process uses', async () => {
    const broker = await start()

    await expect(startBroker({ folder })).rejects.toThrow(`already runs on ${folder} at ${broker.brokers}`)

    await broker.stop()
  })

  it('replaces a broker whose starter was killed', async () => {
    const killed = await run(starter(folder))
    const left = JSON.parse(await killed.nextLine()) as { brokers: string; clusterId: string }
    await killed.kill('SIGKILL')

    const broker = await start()

    expect(broker).toMatchObject(left)
    await broker.stop()
  })

  it('ends with a starter that ends without stopping it', async () => {
    const ending = await run(starter(folder))
    const { brokers } = JSON.parse(await ending.nextLine()) as { brokers: string }

    ending.send('end')
    expect(await ending.ended).toBe(0)

    await waitFor(() => isFree(Number(brokers.split(':')[1])), {
      what: 'the port to be free',
      deadline: 20_000,
    })
  })

  it('names the port that is in use', async () => {
    const occupant = createServer().listen(0, '127.0.0.1')
    await once(occupant, 'listening')
    onTestFinished(() => void occupant.close())
    const { port } = occupant.address() as { port: number }

    await expect(startBroker({ folder, port })).rejects.toThrow(`port ${port} on 127.0.0.1 is in use`)
  })

  it('shows the end of its log when it does not start', async () => {
    const failure = startBroker({ folder, settings: { 'num.io.threads': 'plenty' } })

    await expect(failure).rejects.toThrow(/stopped at once.*server\.log.*num\.io\.threads/s)
  })

  it('prints the line to copy and stops in order on Ctrl-C when run by npm run kafka', async () => {
    const command = await run(
      `process.chdir(${JSON.stringify(folder)}); await import('$src/testing/kafka/run.js')`,
    )
    expect(await command.nextLine()).toMatch(/^KAFKA_BROKERS=127\.0\.0\.1:\d+$/)

    await command.kill('SIGINT')

    expect(await command.ended).toBe(0)
    expect(existsSync(join(folder, '.reprise', 'kafka', 'cluster-id'))).toBe(true)
  })
})

async function run(code: string): Promise<ModuleProcess> {
  const started = await startModuleProcess(code)
  onTestFinished(() => started.kill('SIGKILL'))
  return started
}

async function withAdmin(brokers: string, action: (admin: Admin) => Promise<unknown>): Promise<void> {
  const admin = new Kafka({ brokers: [brokers], logLevel: logLevel.NOTHING }).admin()
  await admin.connect()
  try {
    await action(admin)
  } finally {
    await admin.disconnect()
  }
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer().listen({ port, host: '127.0.0.1', exclusive: true })
  try {
    await once(server, 'listening')
    return true
  } catch {
    return false
  } finally {
    server.close()
  }
}
