import { setTimeout as delay } from 'node:timers/promises'
import { BackOff } from '../core/back-off.js'
import { isTransientFailure } from './transient-failure.js'

/** Milliseconds that work is tried again while the database, or the way to it, is away. */
const PATIENCE = 30_000
const LONGEST_PAUSE = 1_000

export interface PatienceOptions {
  readonly isTransient: (error: unknown) => boolean
  /** Whether nobody wants the work done any more. */
  readonly isOver: () => boolean
  /** Told of each try that failed and is made again. */
  readonly onFailure: (error: unknown) => void
}

/** Does work again and again while it fails at what passes by itself, but not for ever. */
export async function patiently<T>(work: () => Promise<T>, options: PatienceOptions): Promise<T> {
  const { isTransient, isOver, onFailure } = options
  const deadline = performance.now() + PATIENCE
  const backOff = new BackOff(undefined, LONGEST_PAUSE)
  for (;;) {
    try {
      return await work()
    } catch (error) {
      const isLate = isOver() || performance.now() > deadline
      if (isLate || !isTransientFailure(error, isTransient)) throw error
      onFailure(error)
      await delay(backOff.next())
    }
  }
}
