import { setTimeout as delay } from 'node:timers/promises'
import { RepriseError } from 'reprise'

/** Milliseconds after which an outage is no longer waited out. */
const PATIENCE = 60_000
const FIRST_PAUSE = 50
const LONGEST_PAUSE = 1_000

/**
 * Does the work, and again while it fails in passing, as when the database is started anew: for work that is the same
 * when it is done twice, such as a command with an id of its own. Rejects with the last failure when it was aborted, or
 * the outage lasts for longer than a minute.
 */
export async function persistently<T>(
  work: () => Promise<T>,
  signal: AbortSignal,
  passes: (error: unknown) => boolean = isRetriable,
): Promise<T> {
  let pause = FIRST_PAUSE
  let failingSince: number | undefined
  for (;;) {
    try {
      return await work()
    } catch (error) {
      failingSince ??= performance.now()
      if (signal.aborted || !passes(error) || performance.now() - failingSince > PATIENCE) throw error
    }
    await delay(pause)
    pause = Math.min(2 * pause, LONGEST_PAUSE)
  }
}

/** As {@link persistently}, for what only reads: its failures are the driver's own, and trying again harms nothing. */
export function readPersistently<T>(read: () => Promise<T>, signal: AbortSignal): Promise<T> {
  return persistently(read, signal, (error) => !RepriseError.is(error) || error.retriable)
}

function isRetriable(error: unknown): boolean {
  return RepriseError.is(error) && error.retriable
}
