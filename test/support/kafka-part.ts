import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import {
  BrokerUnavailable,
  brokerAvailable,
  kafkaVersion,
  startBroker,
} from '../../src/testing/kafka/index.js'
import { containerEngineAnswers } from './container-engine.js'
import { type RunningPart, givenPart } from './part.js'
import { folderOfParts } from './parts-folder.js'

/** Short enough to see takeovers and compaction within a test. */
const settings = {
  'group.initial.rebalance.delay.ms': '0',
  'group.min.session.timeout.ms': '1000',
  'log.cleaner.backoff.ms': '500',
}

/** Runs in the same checkout at the same time take a broker each. */
const slots = [1, 2, 3, 4, 5, 6, 7, 8]

/** How this run gets a broker, or why it cannot. */
export type KafkaPlan = { readonly start: () => Promise<RunningPart> } | { readonly missing: string }

/** The broker for a run: that of TEST_KAFKA_BROKERS, else a local one, else one in a container. */
export async function planKafka(): Promise<KafkaPlan> {
  const given = givenPart('Kafka', 'TEST_KAFKA_BROKERS')
  if (given) return { start: () => Promise.resolve(given) }
  const local = await brokerAvailable()
  if (local.available) return { start: startInFreeSlot }
  if (await containerEngineAnswers()) return { start: startInContainer }
  return { missing: `${local.reason}, no container engine answers, and TEST_KAFKA_BROKERS is not set` }
}

async function startInFreeSlot(): Promise<RunningPart> {
  const parts = await folderOfParts()
  let inUse: unknown
  for (const slot of slots) {
    const folder = join(parts, `kafka-${slot}`)
    try {
      const broker = await startBroker({ folder, settings })
      return {
        address: broker.brokers,
        description: `Kafka ${kafkaVersion} (jars of Maven Central)`,
        stop: async () => {
          await broker.stop()
          await rm(folder, { recursive: true, force: true })
        },
      }
    } catch (error) {
      if (!(error instanceof BrokerUnavailable) || error.facts['pid'] === undefined) throw error
      inUse = error
    }
  }
  throw inUse
}

async function startInContainer(): Promise<RunningPart> {
  const { KafkaContainer } = await import('@testcontainers/kafka')
  const environment = Object.entries(settings).map(
    ([name, value]) => [`KAFKA_${name.toUpperCase().replaceAll('.', '_')}`, value] as const,
  )
  const image = 'confluentinc/cp-kafka:8.1.0'
  const container = await new KafkaContainer(image)
    .withKraft()
    .withEnvironment({ ...Object.fromEntries(environment), KAFKA_AUTO_CREATE_TOPICS_ENABLE: 'false' })
    .start()
  return {
    address: `${container.getHost()}:${container.getMappedPort(9093)}`,
    description: `Kafka (container ${image})`,
    stop: async () => {
      await container.stop()
    },
  }
}
