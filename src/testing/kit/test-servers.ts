import { type TestBrokerOptions, useTestBroker } from './test-broker.js'
import { type TestServerOptions, useTestServer } from './test-server.js'

/** Which servers to start. */
export interface TestServersOptions extends TestServerOptions, TestBrokerOptions {
  /** Whether a Kafka broker is started as well. @defaultValue 'postgres' */
  readonly log?: 'postgres' | 'kafka'
}

/** Servers that run until they are stopped. */
export interface TestServers extends AsyncDisposable {
  readonly databaseUrl: string
  /** Where a broker was asked for. */
  readonly brokers: string | undefined
  /** `TEST_DATABASE_URL` and `TEST_KAFKA_BROKERS`, by which tests find the servers. */
  readonly environment: Readonly<Record<string, string>>
  /**
   * Ends what was started for it. What others use as well goes on with them. May be called again.
   *
   * @throws what ending a server threw
   */
  stop(): Promise<void>
}

/**
 * Starts the servers of a whole run, for the global set-up of a test runner: what is in `environment` makes
 * {@link startTestApp} and {@link givenInDatabase} use them in every test file, so that none waits for a start. Without
 * it each of them starts or joins what it needs, which takes a tenth of a second for Postgres, and seconds for Kafka.
 *
 * @throws {@link RepriseError} that says what is missing here to run a server; none is left running then
 *
 * @example
 * // vitest: globalSetup; jest: globalSetup and globalTeardown
 * export default async function setup() {
 *   const servers = await startTestServers({ log: 'kafka' })
 *   Object.assign(process.env, servers.environment)
 *   return () => servers.stop()
 * }
 */
export async function startTestServers(options: TestServersOptions = {}): Promise<TestServers> {
  const server = await useTestServer(options)
  try {
    const broker = options.log === 'kafka' ? await useTestBroker(options) : undefined
    const brokers = broker?.brokers.join(',')
    let stopped: Promise<void> | undefined
    const stop = (): Promise<void> =>
      (stopped ??= Promise.all([server.stop(), broker?.stop()]).then(() => undefined))
    return {
      databaseUrl: server.url,
      brokers,
      environment: {
        TEST_DATABASE_URL: server.url,
        ...(brokers === undefined ? {} : { TEST_KAFKA_BROKERS: brokers }),
      },
      stop,
      [Symbol.asyncDispose]: stop,
    }
  } catch (error) {
    await server.stop()
    throw error
  }
}
