import { setTimeout as delay } from 'node:timers/promises'

/** Milliseconds between the first two questions, and between any two. */
const FIRST_PAUSE = 20
const LONGEST_PAUSE = 100

/**
 * Waits until the condition gives something other than undefined, null or false, and gives that back. One
 * that throws counts as not met yet; its last error becomes the cause of the failure at the deadline
 * (milliseconds). It is asked less and less often, since asking is work for a server; or `every` so many milliseconds.
 */
export async function waitFor<T>(
  condition: () => T | Promise<T>,
  options: { readonly what: string; readonly deadline?: number; readonly every?: number },
): Promise<Exclude<T, undefined | null | false>> {
  const { deadline = 20_000, every } = options
  const until = Date.now() + deadline
  for (let pause = every ?? FIRST_PAUSE; ; pause = every ?? Math.min(1.25 * pause, LONGEST_PAUSE)) {
    let cause: unknown
    try {
      const value = await condition()
      if (value !== undefined && value !== null && value !== false) {
        return value as Exclude<T, undefined | null | false>
      }
    } catch (error) {
      cause = error
    }
    if (Date.now() > until) throw new Error(`waited ${deadline} ms for ${options.what}`, { cause })
    await delay(pause)
  }
}
