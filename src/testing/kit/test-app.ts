import type { App } from '../../app/app.js'
import type { AppDefinition, AppOptions } from '../../app/definition.js'
import type { Duration } from '../../app/duration.js'
import { Reprise } from '../../app/reprise.js'
import type { StartOptions } from '../../app/settings.js'
import { ClosingStack } from '../../app/closing-stack.js'
import { type TestBroker, type TestBrokerOptions, useTestBroker } from './test-broker.js'
import { useTestDatabase } from './test-database.js'
import type { TestServerOptions } from './test-server.js'
import { definitionFor, type StartOnDatabase, startOptionsFor } from './test-surroundings.js'

/** What a test says about where its app runs; the rest is as for any start. */
type Surrounding = 'databaseUrl' | 'readDatabaseUrl' | 'kafka' | 'provision' | 'dataFolder' | 'log'

/** How an app is started for a test. */
export interface TestAppOptions
  extends Omit<StartOptions, Surrounding>, TestServerOptions, TestBrokerOptions {
  /** @defaultValue 'postgres' */
  readonly log?: 'postgres' | 'kafka'
}

/** An app that runs on a database of its own. */
export interface TestApp extends AsyncDisposable {
  readonly app: App
  /** As {@link App.execute}. */
  readonly execute: App['execute']
  /** As {@link App.executeAll}. */
  readonly executeAll: App['executeAll']
  /** As {@link App.history}. */
  readonly history: App['history']
  /** As {@link App.stateAt}. */
  readonly stateAt: App['stateAt']
  /** As {@link App.read}. */
  readonly read: App['read']
  /** As {@link App.query}. */
  readonly query: App['query']
  /** The app's name: as defined, but with an ending of its own on brokers that others use too. */
  readonly name: string
  /** With what opens it: not for logs. */
  readonly databaseUrl: string
  /** Where the log is Kafka. */
  readonly brokers: string | undefined
  /**
   * Resolves when every projection has applied what was committed before the call. Nothing is waited for longer than it
   * takes.
   *
   * @throws {@link TimedOut} after `timeout` (default 10 s), which names a projection that is behind and by what;
   * {@link ProjectionStopped} at once when one has stopped
   */
  caughtUp(options?: { readonly timeout?: Duration }): Promise<void>
  /**
   * Stops the app, drops its database, and ends what was started for it. May be called again.
   *
   * @throws the first thing that went wrong with any of it; the rest is done all the same
   */
  stop(): Promise<void>
}

/**
 * Starts an app as it will run, for a test: on a fresh database on a real Postgres, and on real Kafka where `log` says
 * so. It logs nothing, unless a `logger` is given.
 *
 * The database is made on the server of TEST_DATABASE_URL, else on an embedded one that is started or joined, also by
 * root and on a machine that never ran one. A broker is that of TEST_KAFKA_BROKERS, else one is started. Since topics
 * carry the app's name, on brokers that others may use too the name gets an ending that nobody else has. DATABASE_URL,
 * KAFKA_BROKERS and the like are not looked at.
 *
 * @throws what {@link Reprise.start} throws; nothing is left running then
 *
 * @example
 * await using test = await startTestApp(bank)
 * await test.execute(new OpenAccount({ accountId: '576', owner: 'Ada' }))
 * await test.caughtUp()
 * const rows = await test.read(Balances).selectAll().execute()
 */
export async function startTestApp(
  definition: AppDefinition | AppOptions,
  options: TestAppOptions = {},
): Promise<TestApp> {
  const { log = 'postgres', server, brokers, ...more } = options
  const closing = new ClosingStack()
  try {
    const database = await useTestDatabase({ server })
    closing.add(() => database[Symbol.asyncDispose]())
    const broker = log === 'kafka' ? await useTestBroker({ brokers }) : undefined
    if (broker !== undefined) closing.add(() => broker.stop())
    const named = definitionFor(definition, broker)
    const start = startOptionsFor(more, database.url, broker)
    // Its topics stay on a broker that goes on running.
    if (broker?.shared === true) closing.add(() => Reprise.reset(named, start))
    const app = await Reprise.start(named, start)
    closing.add(() => app.stop())
    return await testApp(app, named, start, broker, closing)
  } catch (error) {
    await closing.close()
    throw error
  }
}

async function testApp(
  app: App,
  definition: AppDefinition,
  start: StartOnDatabase,
  broker: TestBroker | undefined,
  closing: ClosingStack,
): Promise<TestApp> {
  const { EveryProjection } = await import('./postgres/every-projection.js')
  const projections = new EveryProjection(app, definition, start)
  closing.add(() => projections.close())
  const stop = (): Promise<void> => closing.close()
  return {
    app,
    execute: app.execute.bind(app),
    executeAll: app.executeAll.bind(app),
    history: app.history.bind(app),
    stateAt: app.stateAt.bind(app),
    read: app.read.bind(app),
    query: app.query.bind(app),
    name: definition.name,
    databaseUrl: start.databaseUrl,
    brokers: broker?.brokers.join(','),
    caughtUp: ({ timeout = '10s' } = {}) => projections.caughtUp(timeout),
    stop,
    [Symbol.asyncDispose]: stop,
  }
}
