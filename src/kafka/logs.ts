import kafkajs, { type logCreator, type LoggerEntryContent } from 'kafkajs'
import type { Logger } from '../core/ports/logger.js'

/** What the client calls errors and a healthy cluster answers all the time: while it starts, when a member joins, about a missing topic. */
const EXPECTED =
  /coordinator is (?:loading|not available)|group is rebalancing|leadership election|is not the leader for|does not host this topic-partition/i

/** The client's lines, a level lower than it says: whatever it does not get over by itself it rejects, and its caller reports. */
export const logsTo =
  (logger: Logger): logCreator =>
  () =>
  ({ namespace, level, log }) => {
    const isTrouble = level === kafkajs.logLevel.ERROR || level === kafkajs.logLevel.WARN
    const report = isTrouble && !isExpected(log) ? 'warn' : 'debug'
    logger[report]({ client: namespace, ...factsOf(log) }, `kafka client: ${log.message}`)
  }

const isExpected = ({ message, error }: LoggerEntryContent): boolean =>
  EXPECTED.test(message) || (typeof error === 'string' && EXPECTED.test(error))

/** Without what every line has, and without stacks, which lie in the client. */
const factsOf = (log: LoggerEntryContent): object =>
  Object.fromEntries(
    Object.entries(log).filter(([name]) => !['message', 'timestamp', 'logger', 'stack'].includes(name)),
  )
