import { setTimeout as delay } from 'node:timers/promises'

const PAUSE = 50

/** Asks again and again, with short pauses, until the answer is yes. What `condition` throws ends the waiting. */
export async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await delay(PAUSE)
}
