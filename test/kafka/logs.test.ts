import kafkajs, { type LogEntry } from 'kafkajs'
import { describe, expect, it } from 'vitest'
import { logsTo } from '../../src/kafka/logs.js'
import { RecordingLogger } from '../support/recording-logger.js'

const entry = (message: string, facts: object = {}, level = kafkajs.logLevel.ERROR): LogEntry => ({
  namespace: 'Connection',
  level,
  label: 'ERROR',
  log: { message, timestamp: '2026-03-01T10:00:00.000Z', logger: 'kafkajs', ...facts },
})

describe('the lines of the Kafka client', () => {
  it('are told once a minute where they repeat themselves, by whichever client', () => {
    const logger = new RecordingLogger()
    const clock = { now: 0 }
    const creator = logsTo(logger, () => clock.now)
    const [one, other] = [creator(kafkajs.logLevel.INFO), creator(kafkajs.logLevel.INFO)]

    for (; clock.now < 90_000; clock.now += 1_000) {
      one(entry('Connection error: connect ECONNREFUSED', { broker: 'a:9092' }))
      other(entry('Connection error: connect ECONNREFUSED', { broker: 'b:9092' }))
    }
    one(entry('Connection timeout'))

    expect(logger.at('warn').map(({ message }) => message)).toEqual([
      'kafka client: Connection error: connect ECONNREFUSED',
      'kafka client: Connection error: connect ECONNREFUSED',
      'kafka client: Connection timeout',
    ])
    expect(logger.at('debug')).toHaveLength(178)
  })

  it('are no warnings where a healthy cluster answers so', () => {
    const logger = new RecordingLogger()
    const write = logsTo(logger)(kafkajs.logLevel.INFO)

    write(entry('Response Heartbeat', { error: 'The group is rebalancing, so a rejoin is needed' }))
    write(entry('Starting', {}, kafkajs.logLevel.INFO))

    expect(logger.lines.map(({ level }) => level)).toEqual(['debug', 'debug'])
  })
})
