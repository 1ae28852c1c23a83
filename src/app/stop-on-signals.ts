import type { StopOptions } from './app.js'

/** The signals that ask a process to end, and the exit codes that tell of them. */
const EXIT_CODES = { SIGINT: 130, SIGTERM: 143 } as const
/** A signal by which a process is asked to end: SIGINT by a terminal's Ctrl-C, SIGTERM by whoever runs it. */
export type StopSignal = keyof typeof EXIT_CODES

/** What can be stopped: an app, or a service that only consumes. */
export interface Stoppable {
  /**
   * Ends it in order.
   *
   * @throws what kept it from ending in order
   *
   * @example
   * await app.stop()
   */
  stop(options?: StopOptions): Promise<void>
}

/** How to stop on signals. */
export interface StopOnSignalsOptions extends StopOptions {
  /** @defaultValue both, `SIGTERM` and `SIGINT` */
  readonly signals?: readonly StopSignal[]
  /** Told of the first signal, before anything is stopped. */
  readonly onSignal?: (signal: StopSignal) => void
  /** Told what kept the app from ending in order. @defaultValue one line on standard error */
  readonly onFailure?: (error: unknown) => void
}

/**
 * Stops the app in order when the process is asked to end, and ends the process then, with 143 for `SIGTERM` and 130 for
 * `SIGINT`. The second signal ends it at once, which harms nothing: it is as if it were killed, and what is committed is
 * taken up at the next start. The answer ends the listening.
 *
 * @example
 * const app = await Reprise.start(bank, { healthPort: 8081 })
 * stopOnSignals(app)
 */
export function stopOnSignals(app: Stoppable, options: StopOnSignalsOptions = {}): () => void {
  const { signals = ['SIGTERM', 'SIGINT'], onSignal, onFailure = complain, ...stopOptions } = options
  let stopping = false
  const stop = async (signal: StopSignal): Promise<void> => {
    if (stopping) process.exit(EXIT_CODES[signal])
    stopping = true
    onSignal?.(signal)
    await app.stop(stopOptions).catch(onFailure)
    process.exit(EXIT_CODES[signal])
  }
  const listener = (signal: NodeJS.Signals): void => void stop(signal as StopSignal)
  for (const signal of signals) process.on(signal, listener)
  return () => {
    for (const signal of signals) process.off(signal, listener)
  }
}

function complain(error: unknown): void {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
}
