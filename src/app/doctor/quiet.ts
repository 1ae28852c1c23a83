import type { Logger } from '../../core/ports/logger.js'

/** What drivers would tell meanwhile is told by the checks. */
export const QUIET: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
}
