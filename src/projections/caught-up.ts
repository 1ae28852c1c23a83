import { EventParked, ProjectionStopped, TimedOut } from '../core/errors/index.js'
import type { Generations, StreamProgress } from './generation.js'

/** What {@link caughtUp} waits with: the first is whoever applies events in this process, if anybody does. */
export interface CaughtUpParts {
  readonly projection: string
  readonly generations: Pick<Generations, 'progressOf'>
  /** Calls back when something was applied in this process; answers how to end that. */
  readonly onProgress: (waiter: () => void) => () => void
  /** What stopped the projection in this process. */
  readonly failure: () => ProjectionStopped | undefined
  /** Why this process, whose part it is, leaves the projection to others. */
  readonly aside: () => string | undefined
  /** Whether looking again can succeed. */
  readonly isTransient: (error: unknown) => boolean
}

const FIRST_PAUSE = 5
const LONGEST_PAUSE = 100

/**
 * Resolves when the live generation has applied the stream up to the version, by whichever process.
 *
 * @throws {@link EventParked} at once when that version is parked, or waits behind one that is, {@link ProjectionStopped}
 * at once when the projection has stopped before it, {@link TimedOut} after `timeout` milliseconds: it says where this
 * process leaves the projection to others. `deadline` is when they are over, for one of several that are waited for together.
 */
export async function caughtUp(
  parts: CaughtUpParts,
  stream: string,
  version: number,
  timeout: number,
  deadline = performance.now() + timeout,
): Promise<void> {
  const { projection, failure, aside } = parts
  let pause = FIRST_PAUSE
  for (;;) {
    const progress = await progressOf(parts, stream)
    if (progress.parked !== undefined && progress.parked.version <= version)
      throw new EventParked(projection, { stream, ...progress.parked })
    if (progress.version >= version) return
    const stopped = failure()
    if (stopped !== undefined) throw stopped
    if (progress.failure !== undefined)
      throw new ProjectionStopped(projection, undefined, new Error(progress.failure))
    const left = deadline - performance.now()
    if (left <= 0) {
      const awaited = `projection ${projection} to apply version ${version} of ${stream}${toOthers(aside())}`
      const facts = { projection, stream, version, applied: progress.version, aside: aside() }
      throw new TimedOut(awaited, timeout, facts)
    }
    await nextLook(parts, Math.min(pause, left))
    pause = Math.min(pause * 2, LONGEST_PAUSE)
  }
}

/** Nobody need look in this process for what keeps the projection from getting on. */
function toOthers(aside: string | undefined): string {
  return aside === undefined ? '' : `, which this process leaves to others (${aside})`
}

/** A database that is away for a moment has applied nothing that could be seen. */
async function progressOf(
  { generations, isTransient }: CaughtUpParts,
  stream: string,
): Promise<StreamProgress> {
  try {
    return await generations.progressOf(stream)
  } catch (error) {
    if (isTransient(error)) return { version: 0, failure: undefined }
    throw error
  }
}

/** Until this process applies something, or the pause is over: another process may be the one that applies. */
function nextLook({ onProgress }: CaughtUpParts, pause: number): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer)
      forget()
      resolve()
    }
    const forget = onProgress(done)
    const timer = setTimeout(done, pause)
  })
}
