/** Somebody asked the run to end. */
export class Interrupted extends Error {
  readonly exitCode: number

  constructor(exitCode: number) {
    super('interrupted: what was booked stays, and the next run goes on from there')
    this.exitCode = exitCode
  }
}

const EXIT_CODES = { SIGINT: 130, SIGTERM: 143 } as const

/**
 * A signal that is aborted with {@link Interrupted} by Ctrl-C or a request to terminate. The second one ends the process
 * at once, which harms nothing: it is as if it were killed.
 */
export function interruption(say: (line: string) => void): AbortSignal {
  const controller = new AbortController()
  const interrupt = (signal: keyof typeof EXIT_CODES): void => {
    const exitCode = EXIT_CODES[signal]
    if (controller.signal.aborted) process.exit(exitCode)
    say('stopping when what is under way is done; Ctrl-C again ends at once')
    controller.abort(new Interrupted(exitCode))
  }
  process.on('SIGINT', interrupt).on('SIGTERM', interrupt)
  return controller.signal
}

/** Settles with the work, or rejects as soon as the signal is aborted. */
export async function unlessAborted<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  signal.throwIfAborted()
  let onAbort: (() => void) | undefined
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => reject(signal.reason as Error)
    signal.addEventListener('abort', onAbort)
  })
  try {
    return await Promise.race([work, aborted])
  } finally {
    if (onAbort !== undefined) signal.removeEventListener('abort', onAbort)
  }
}
