import { CliError } from './cli-error.js'
import { EXIT_CODES } from './exit-codes.js'

/**
 * Lets the first Ctrl-C or SIGTERM end the command cleanly, and the second one at once. `onFirst` can say so.
 */
export function interruption(onFirst: () => void): AbortSignal {
  const controller = new AbortController()
  const stop = (error: CliError, exitCode: number): void => {
    if (controller.signal.aborted) process.exit(exitCode)
    onFirst()
    controller.abort(error)
  }
  process.on('SIGINT', () => {
    stop(new CliError('INTERRUPTED', 'interrupted'), EXIT_CODES.interrupted)
  })
  process.on('SIGTERM', () => {
    stop(new CliError('TERMINATED', 'asked to end'), EXIT_CODES.terminated)
  })
  return controller.signal
}
