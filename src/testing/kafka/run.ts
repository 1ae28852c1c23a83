import { join, resolve } from 'node:path'
import { RepriseError } from '../../core/errors/index.js'
import { type Broker, startBroker } from './broker.js'
import { brokerAvailable } from './broker-available.js'
import { kafkaVersion } from './jars.js'

/** `npm run kafka`: a broker to try things out with, until Ctrl-C. */
async function main(): Promise<number> {
  const availability = await brokerAvailable()
  if (!availability.available) {
    say(
      `cannot run Kafka here: ${availability.reason}. Install Java 17 and Maven ` +
        '(Debian: apt install openjdk-17-jre-headless maven; macOS: brew install openjdk@17 maven), ' +
        'or set KAFKA_BROKERS to a broker you have',
    )
    return 1
  }
  const interrupted = interruption()
  const folder = resolve(process.env.REPRISE_DATA_FOLDER ?? '.reprise', 'kafka')
  say(`starting Kafka ${kafkaVersion} in ${folder}`)
  const starting = startBroker({ folder, notice: say })
  const broker = await Promise.race([starting, interrupted])
  if (broker === undefined) {
    await starting.then((late) => late.stop())
    return 0
  }
  return serveUntil(interrupted, broker, join(folder, 'server.log'))
}

async function serveUntil(
  interrupted: Promise<undefined>,
  broker: Broker,
  serverLog: string,
): Promise<number> {
  process.stdout.write(`KAFKA_BROKERS=${broker.brokers}\n`)
  say(
    `running (cluster ${broker.clusterId}); in another terminal: KAFKA_BROKERS=${broker.brokers} npm start -- --fresh`,
  )
  say('Ctrl-C stops it; data and cluster id are kept')
  const ended = await Promise.race([interrupted, broker.exited.then(() => 'by itself' as const)])
  if (ended === 'by itself') {
    say(`the broker stopped by itself; its log is ${serverLog}`)
    return 1
  }
  say('stopping')
  await broker.stop()
  say('stopped')
  return 0
}

/** Settles with the first signal to end; keeps the process running until then. */
function interruption(): Promise<undefined> {
  return new Promise((resolve) => {
    const stayAlive = setInterval(() => undefined, 2 ** 30)
    const end = () => {
      clearInterval(stayAlive)
      resolve(undefined)
    }
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, end)
  })
}

function say(line: string): void {
  process.stderr.write(`kafka: ${line}\n`)
}

try {
  process.exitCode = await main()
} catch (error) {
  say(
    RepriseError.is(error)
      ? error.message
      : error instanceof Error
        ? (error.stack ?? error.message)
        : String(error),
  )
  process.exitCode = 1
}
// The interval that waits for a signal would keep a failed start running.
process.exit()
