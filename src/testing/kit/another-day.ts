/** Changes the year, and every other part of a date and time with it. */
const FURTHER = 401 * 86_400_000 + 3_723_004

/**
 * Runs something synchronous while the clock of this process shows another day: what reads it gives itself away by its
 * result. Dates that are made from something stay what they are. The clock is right again when it returns or throws.
 */
export function onAnotherDay<T>(action: () => T): T {
  const clock = globalThis.Date
  const now = (): number => clock.now() + FURTHER
  globalThis.Date = new Proxy(clock, {
    construct: (target, values: readonly unknown[], made): object =>
      Reflect.construct(target, values.length === 0 ? [now()] : values, made) as object,
    apply: () => new clock(now()).toString(),
    get: (target, name): unknown => (name === 'now' ? now : Reflect.get(target, name)),
  })
  try {
    return action()
  } finally {
    globalThis.Date = clock
  }
}
