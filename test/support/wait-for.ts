import { setTimeout as delay } from 'node:timers/promises'

/**
 * Waits until the condition gives something other than undefined, null or false, and gives that back. One
 * that throws counts as not met yet; its last error becomes the cause of the failure at the deadline
 * (milliseconds).
 */
export async function waitFor<T>(
  condition: () => T | Promise<T>,
  options: { readonly what: string; readonly deadline?: number },
): Promise<Exclude<T, undefined | null | false>> {
  const deadline = options.deadline ?? 10_000
  const until = Date.now() + deadline
  for (;;) {
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
    await delay(20)
  }
}
