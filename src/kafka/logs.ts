import kafkajs, { type logCreator, type LoggerEntryContent } from 'kafkajs'
import type { Logger } from '../core/ports/logger.js'

/** What the client calls errors and a healthy cluster answers all the time: while it starts, when a member joins, about a missing topic. */
const EXPECTED =
  /coordinator is (?:loading|not available)|group is rebalancing|leadership election|is not the leader for|does not host this topic-partition/i

/** Milliseconds in which the same line is told once: with a broker away the client repeats itself several times a second. */
const QUIET = 60_000
const MOST_REMEMBERED = 200

/**
 * The client's lines, a level lower than it says: whatever it does not get over by itself it rejects, and its caller
 * reports. What it repeats within a minute is told at the level `debug`.
 */
export function logsTo(logger: Logger, now: () => number = () => performance.now()): logCreator {
  const toldAt = new Map<string, number>()
  const isNews = (line: string): boolean => {
    const before = toldAt.get(line)
    if (before !== undefined && now() - before < QUIET) return false
    if (toldAt.size >= MOST_REMEMBERED) toldAt.clear()
    toldAt.set(line, now())
    return true
  }
  return () =>
    ({ namespace, level, log }) => {
      const isTrouble = level === kafkajs.logLevel.ERROR || level === kafkajs.logLevel.WARN
      const isTold =
        isTrouble &&
        !isExpected(log) &&
        isNews(JSON.stringify([namespace, log.message, log['error'], log['groupId']]))
      logger[isTold ? 'warn' : 'debug'](
        { client: namespace, ...factsOf(log) },
        `kafka client: ${log.message}`,
      )
    }
}

const isExpected = ({ message, error }: LoggerEntryContent): boolean =>
  EXPECTED.test(message) || (typeof error === 'string' && EXPECTED.test(error))

/** Without what every line has, and without stacks, which lie in the client. */
const factsOf = (log: LoggerEntryContent): object =>
  Object.fromEntries(
    Object.entries(log).filter(([name]) => !['message', 'timestamp', 'logger', 'stack'].includes(name)),
  )
