import type { StreamAppend } from '../core/ports/event-store.js'
import type { LoadedAggregate } from './aggregate-repository.js'
import type { CommandUnit, PendingCommand } from './command-unit.js'
import { asError, decide } from './decide.js'
import { newEvents } from './new-events.js'

/** What a unit of commands comes to: what is to be stored in each stream, or why none of it is. */
export type UnitDecision = { readonly streams: readonly StreamAppend[] } | { readonly refusal: Error }

export interface DecisionParts {
  readonly newId: () => string
  readonly maxPayloadBytes: number
}

/** A command with the aggregate that it is decided on, and what its preparing step answered. */
export interface CommandToDecide extends PendingCommand {
  readonly loaded: LoadedAggregate
  readonly prepared: unknown
}

/** Decides the commands in their order. The first refusal is that of the unit; what comes after it is not decided. */
export function decideUnit(
  unit: CommandUnit,
  commands: readonly CommandToDecide[],
  parts: DecisionParts,
): UnitDecision {
  const streams: StreamAppend[] = []
  for (const command of commands) {
    const decided = decideOne(unit, command, parts)
    if ('refusal' in decided) return decided
    streams.push(decided)
  }
  return { streams }
}

function decideOne(
  { provenance }: CommandUnit,
  { loaded, stream, handler, command, context, expect, prepared }: CommandToDecide,
  { newId, maxPayloadBytes }: DecisionParts,
): StreamAppend | { readonly refusal: Error } {
  const decided = decide(loaded, stream, handler, command, context.forDecision(prepared), expect)
  if ('refusal' in decided) return decided
  const { reservations, closes } = decided
  try {
    const events = newEvents(decided, provenance, newId, maxPayloadBytes)
    return { stream, expectedVersion: loaded.version, events, reservations, closes }
  } catch (error) {
    // It may be due to a state that is out of date, like any refusal.
    return { refusal: asError(error) }
  }
}
