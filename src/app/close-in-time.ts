import { StopTimedOut } from '../core/errors/index.js'
import type { Logger } from '../core/ports/logger.js'
import type { AppModel } from './app-model.js'
import type { ClosingStack } from './closing-stack.js'
import type { Databases } from './postgres/databases.js'
import type { Settings } from './settings.js'

/** What closing goes by, what it may cut, and whom it tells. */
export interface Closing {
  readonly model: Pick<AppModel, 'name'>
  readonly settings: Pick<Settings, 'shutdownTimeout'>
  readonly databases: Pick<Databases, 'cut'>
  readonly logger: Logger
}

/**
 * Closes what an app has at work, and what that runs on; the log has a line when that begins and one when it has ended in
 * order. After the app's `shutdownTimeout` what waits for an answer is given up, and its connections are cut.
 *
 * @throws {@link StopTimedOut} where they were; else what closing throws
 */
export async function closeInTime(
  closing: ClosingStack,
  { model: { name: app }, settings, databases, logger }: Closing,
  giveUp: () => void = () => undefined,
): Promise<void> {
  const { shutdownTimeout: milliseconds } = settings
  const begun = performance.now()
  logger.info({ app, withinMs: milliseconds }, `${app} is stopping`)
  await closing.closeWithin({
    milliseconds,
    cut: () => {
      giveUp()
      databases.cut()
    },
    failure: (unfinished) => new StopTimedOut(unfinished, milliseconds),
  })
  logger.info({ app, tookMs: Math.round(performance.now() - begun) }, `${app} has stopped`)
}
