import { StopTimedOut } from '../core/errors/index.js'
import type { ClosingStack } from './closing-stack.js'
import type { Databases } from './postgres/databases.js'
import type { Settings } from './settings.js'

/** What closing goes by, and what it may cut. */
export interface Closing {
  readonly settings: Pick<Settings, 'shutdownTimeout'>
  readonly databases: Pick<Databases, 'cut'>
}

/**
 * Closes what an app has at work, and what that runs on. After the app's `shutdownTimeout` what waits for an answer is
 * given up, and its connections are cut.
 *
 * @throws {@link StopTimedOut} where they were; else what closing throws
 */
export function closeInTime(
  closing: ClosingStack,
  { settings, databases }: Closing,
  giveUp: () => void = () => undefined,
): Promise<void> {
  const { shutdownTimeout: milliseconds } = settings
  return closing.closeWithin({
    milliseconds,
    cut: () => {
      giveUp()
      databases.cut()
    },
    failure: (unfinished) => new StopTimedOut(unfinished, milliseconds),
  })
}
