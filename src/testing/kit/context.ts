import type { Context } from '../../aggregates/index.js'

/** What a handler's context says. What is left out is the same in each test. */
export interface ContextFacts<Prepared = unknown> {
  /** @defaultValue noon UTC of the first of January 2026 */
  readonly now?: Date
  /** Who asked for it. @defaultValue nobody */
  readonly actor?: string | undefined
  /** @defaultValue {@link testId} of 1, 2, 3 … */
  readonly newId?: () => string
  /** What the command's preparing step would answer. */
  readonly prepared?: Prepared
}

/** The time of everything that is given none of its own: noon UTC of the first of January 2026. */
export const defaultTime = '2026-01-01T12:00:00.000Z'

/**
 * The nth of the ids that a test context hands out: a UUID that is easily told from real ones.
 *
 * @example
 * testId(1) // '00000000-0000-7000-8000-000000000001'
 */
export function testId(n: number): string {
  return `00000000-0000-7000-8000-${String(n).padStart(12, '0')}`
}

/**
 * A context as handlers get it, for tests that call a handler itself. Equal facts give equal contexts: the time stands
 * still and ids are counted.
 *
 * @example
 * new Account('576').open(new OpenAccount({ accountId: '576', owner: 'Ada' }), aContext({ actor: 'clerk' }))
 */
export function aContext<Prepared = unknown>(facts: ContextFacts<Prepared> = {}): Context<Prepared> {
  return contextsOf(facts)()
}

/** Makes equal contexts, one for each time that a command is decided: the same ids in the same order. */
export function contextsOf<Prepared>(facts: ContextFacts<Prepared>): () => Context<Prepared> {
  const now = facts.now ?? new Date(defaultTime)
  const ids: string[] = []
  const draw = facts.newId ?? (() => testId(ids.length + 1))
  return () => {
    let used = 0
    return {
      now: new Date(now),
      actor: facts.actor,
      newId: () => (ids[used++] ??= draw()),
      // Only what was said to be prepared can be typed otherwise than unknown.
      prepared: facts.prepared as Prepared,
    }
  }
}
