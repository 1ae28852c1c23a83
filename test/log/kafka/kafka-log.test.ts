import { jsonEncoding } from '../../../src/contracts/index.js'
import { openKafkaLog } from '../../../src/log/kafka/index.js'
import { describeLog, type LogHarness } from '../../contracts/log.contract.js'
import { describeKafka, kafkaBrokers } from '../../support/kafka.js'
import { silentLogger } from '../../support/silent-logger.js'
import { storedEvents } from '../../support/stored-events.js'

const origin = { service: 'banking', storeId: 'store-1' }

describeKafka('on a real broker', () => describeLog('KafkaLog', kafkaHarness))

async function kafkaHarness(): Promise<LogHarness> {
  const brokers = (await kafkaBrokers())?.split(',') ?? []
  const settings = { brokers, clientId: 'contract' }
  const encoding = jsonEncoding(origin)
  return {
    encoding,
    open: () => openKafkaLog({ settings, encoding, logger: silentLogger }),
    storeEvents: storedEvents(),
    openingCode: `
      import { jsonEncoding } from '$src/contracts/index.js'
      import { openKafkaLog } from '$src/log/kafka/index.js'
      const nothing = () => {}
      const log = await openKafkaLog({
        settings: ${JSON.stringify(settings)},
        encoding: jsonEncoding(${JSON.stringify(origin)}),
        logger: { debug: nothing, info: nothing, warn: nothing, error: nothing },
      })`,
    close: () => Promise.resolve(),
  }
}
