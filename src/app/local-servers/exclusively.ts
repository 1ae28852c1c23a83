import { setTimeout as delay } from 'node:timers/promises'
import { RepriseError } from '../../core/errors/index.js'
import { type ProcessMark, eraseMark, leaveMark, livingMarks, pidOf } from './process-marks.js'

/**
 * Runs the action while no other process, and no other call in this one, runs an action under the same
 * folder. A holder that was killed blocks nobody.
 *
 * Everyone marks the folder first and looks second: of two that come at once, the one whose mark came later
 * sees the other's and steps back. Both may step back, so each waits for a random time before it tries again.
 *
 * @throws {@link RepriseError} `REPRISE_TIMED_OUT` when others held it until the deadline (milliseconds)
 */
export async function exclusively<T>(folder: string, deadline: number, action: () => Promise<T>): Promise<T> {
  const until = Date.now() + deadline
  for (;;) {
    const holders = await livingMarks(folder)
    if (holders.length === 0) {
      const own = await leaveMark(folder)
      try {
        if (isAlone(own, await livingMarks(folder))) return await action()
      } finally {
        await eraseMark(folder, own)
      }
    }
    if (Date.now() > until) throw held(folder, holders, deadline)
    await delay(10 + Math.random() * 40)
  }
}

function isAlone(own: ProcessMark, marks: readonly ProcessMark[]): boolean {
  return marks.every((mark) => mark === own)
}

function held(folder: string, holders: readonly ProcessMark[], deadline: number): RepriseError {
  const pids = holders.map(pidOf)
  return new RepriseError(
    'REPRISE_TIMED_OUT',
    `another process has held ${folder} for ${Math.round(deadline / 1000)} s (pid ${pids.join(', ') || 'unknown'}); ` +
      'wait for it or stop it, then try again',
    { folder, pids },
    { retriable: true },
  )
}
