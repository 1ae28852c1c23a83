import type { PartState } from './part-state.js'
import type { CommandsHealth, ComponentState } from './report.js'

/** The commands of this process, and what they work with. */
export interface WatchedCommands {
  readonly underWay: number
  readonly limit: number
  /** What they store. */
  readonly appends: PartState
  readonly store: PartState
}

/** Everything about commands but since when; `begun` where that is known. */
export function commandsHealth(
  { underWay, limit, appends, store }: WatchedCommands,
  now: Date,
): Omit<CommandsHealth, 'since'> & { readonly begun: Date | undefined } {
  // Never a reason to send no more commands: without them it could not be found well again.
  const isDown = appends.down && (store.down || appends.failsNow(now))
  const state: ComponentState = isDown ? 'down' : underWay >= limit ? 'overloaded' : 'ok'
  return {
    kind: 'commands',
    name: 'commands',
    state,
    begun: begunAt(state, appends, store),
    lastError: appends.lastError,
    underWay,
    limit,
  }
}

function begunAt(state: ComponentState, appends: PartState, store: PartState): Date | undefined {
  if (state === 'overloaded') return undefined
  const { countsUntil } = appends
  if (state === 'down' || countsUntil === undefined) return appends.since
  return store.since > countsUntil ? store.since : countsUntil
}
