import { ProjectionStopped, TimedOut } from '../core/errors/index.js'
import type { Generations, StreamProgress } from './generation.js'

/** What {@link caughtUp} waits with: the first is whoever applies events in this process, if anybody does. */
export interface CaughtUpParts {
  readonly projection: string
  readonly generations: Pick<Generations, 'progressOf'>
  /** Calls back when something was applied in this process; answers how to end that. */
  readonly onProgress: (waiter: () => void) => () => void
  /** What stopped the projection in this process. */
  readonly failure: () => ProjectionStopped | undefined
  /** Whether looking again can succeed. */
  readonly isTransient: (error: unknown) => boolean
}

const FIRST_PAUSE = 5
const LONGEST_PAUSE = 100

/**
 * Resolves when the live generation has applied the stream up to the version, by whichever process.
 *
 * @throws {@link ProjectionStopped} at once when the projection has stopped before that, {@link TimedOut} after
 * `timeout` milliseconds
 */
export async function caughtUp(
  parts: CaughtUpParts,
  stream: string,
  version: number,
  timeout: number,
): Promise<void> {
  const { projection, failure } = parts
  const deadline = performance.now() + timeout
  let pause = FIRST_PAUSE
  for (;;) {
    const progress = await progressOf(parts, stream)
    if (progress.version >= version) return
    const stopped = failure()
    if (stopped !== undefined) throw stopped
    if (progress.failure !== undefined)
      throw new ProjectionStopped(projection, undefined, new Error(progress.failure))
    const left = deadline - performance.now()
    if (left <= 0) {
      const facts = { projection, stream, version, applied: progress.version }
      throw new TimedOut(`projection ${projection} to apply version ${version} of ${stream}`, timeout, facts)
    }
    await nextLook(parts, Math.min(pause, left))
    pause = Math.min(pause * 2, LONGEST_PAUSE)
  }
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
