import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Where Kafka for tests is. */
export interface TestBrokerOptions {
  /**
   * `host:port` of brokers on which topics may be made and deleted, with commas between several. Environment:
   * `TEST_KAFKA_BROKERS`. @defaultValue a broker of its own, for which Java 17 and Maven are needed
   */
  readonly brokers?: string | undefined
}

/** A broker that is used by tests. */
export interface TestBroker {
  readonly brokers: readonly string[]
  /** Whether other tests may use it at the same time. */
  readonly shared: boolean
  /** Ends this use; a broker that was started for it ends, with its data. */
  stop(): Promise<void>
}

/** @throws {@link BrokerUnavailable} when no brokers are named and none can be run here */
export async function useTestBroker({ brokers }: TestBrokerOptions): Promise<TestBroker> {
  const named = brokers ?? process.env['TEST_KAFKA_BROKERS']
  if (named !== undefined && named !== '')
    return { brokers: named.split(',').map((it) => it.trim()), shared: true, stop: () => Promise.resolve() }
  const { startBroker } = await import('../kafka/index.js')
  const folder = await mkdtemp(join(tmpdir(), 'reprise-kafka-'))
  const remove = (): Promise<void> => rm(folder, { recursive: true, force: true, maxRetries: 3 })
  try {
    const broker = await startBroker({ folder })
    return {
      brokers: [broker.brokers],
      shared: false,
      stop: async () => {
        await broker.stop()
        await remove()
      },
    }
  } catch (error) {
    await remove()
    throw error
  }
}
