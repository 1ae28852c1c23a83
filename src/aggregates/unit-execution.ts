import { setTimeout as delay } from 'node:timers/promises'
import {
  CommandIdReused,
  OutcomeUnknown,
  ReservationRefused,
  StreamClosed,
  WrongExpectedVersion,
} from '../core/errors/index.js'
import type { AppendOutcome, StreamVersion } from '../core/ports/event-store.js'
import { type StreamRef, streamName } from '../core/stream.js'
import type { LoadedAggregate } from './aggregate-repository.js'
import type { CommandUnit } from './command-unit.js'
import { type CommandToDecide, decideUnit, type DecisionParts } from './decide-unit.js'
import type { LostAppend, StoreAccess } from './store-access.js'

/** How often a unit is decided, while other processes keep moving its streams on. */
const MOST_DECISIONS = 30

/** Milliseconds at the most between two decisions. */
const LONGEST_PAUSE = 200

/** A unit that is stored, now or since before. */
export interface AcceptedUnit {
  /** In the order of the commands. */
  readonly streams: readonly StreamVersion[]
  /** Undefined when the command id was accepted before. */
  readonly storedNow: StoredUnit | undefined
}

/** The aggregates as they are now, with how many events each of them got, in the order of the commands. */
export type StoredUnit = readonly { readonly loaded: LoadedAggregate; readonly appended: number }[]

/** A rival moved a stream on, or the answer was lost: the unit may be decided again. */
type Undecided = Extract<AppendOutcome, { outcome: 'conflict' }> | LostAppend

/** Carries one unit of commands through: load, decide, append, and from the start again where rivals were faster. */
export class UnitExecution {
  readonly #unit: CommandUnit
  readonly #access: StoreAccess
  readonly #parts: DecisionParts

  constructor(unit: CommandUnit, access: StoreAccess, parts: DecisionParts) {
    this.#unit = unit
    this.#access = access
    this.#parts = parts
  }

  /** What came of the unit's command id before; asks nothing where the caller gave none. */
  async knownBefore(): Promise<AcceptedUnit | undefined> {
    if (!this.#unit.mayBeRetry) return undefined
    const { result } = await this.#access.headsAndResult()
    return result && this.#known({ outcome: 'known', result })
  }

  /**
   * Resolves when the unit is stored. `prepared` holds what the preparing step of each command answered. In a transaction
   * of the caller's the unit is decided once only.
   */
  async run(prepared: readonly unknown[]): Promise<AcceptedUnit> {
    const mostDecisions = this.#unit.tx === undefined ? MOST_DECISIONS : 1
    for (let decisions = 1; ; decisions++) {
      const outcome = await this.#decideAndAppend(prepared)
      if ('streams' in outcome) return outcome
      if (decisions === mostDecisions) throw this.#lastLoss(outcome)
      await delay(pauseAfter(decisions))
    }
  }

  async #decideAndAppend(prepared: readonly unknown[]): Promise<AcceptedUnit | Undecided> {
    const { commandId, fingerprint, commands, guards } = this.#unit
    const loaded = await this.#access.load()
    const toDecide = loaded.flatMap((it, index): CommandToDecide[] => {
      const command = commands[index]
      return command === undefined ? [] : [{ ...command, loaded: it, prepared: prepared[index] }]
    })
    const decision = decideUnit(this.#unit, toDecide, this.#parts)
    if ('refusal' in decision) return this.#confirmRefusal(toDecide, decision.refusal)
    const { streams } = decision
    const outcome = await this.#access.append({ commandId, fingerprint, streams, guards })
    if (outcome.outcome !== 'appended') return this.#notAppended(outcome)
    const storedNow = loaded.map((it, index) => ({
      loaded: { ...it, version: outcome.streams[index]?.version ?? it.version },
      appended: streams[index]?.events.length ?? 0,
    }))
    return { streams: outcome.streams, storedNow }
  }

  /**
   * A refusal counts only on the present heads of the unit's streams: what was decided on an older state is decided again,
   * and a unit that was accepted before is answered with that. On a closed stream nothing else need be said.
   */
  async #confirmRefusal(
    commands: readonly CommandToDecide[],
    refusal: Error,
  ): Promise<AcceptedUnit | Undecided> {
    const { heads, result } = await this.#access.headsAndResult()
    if (result !== undefined) return this.#known({ outcome: 'known', result })
    const decidedOn = commands.map(({ stream, loaded }, index) => ({
      stream,
      expected: loaded.version,
      head: heads[index] ?? { version: 0, closed: false },
    }))
    const closed = decidedOn.find(({ head }) => head.closed)
    if (closed !== undefined) throw new StreamClosed(closed.stream)
    const stale = decidedOn.find(({ expected, head }) => expected !== head.version)
    if (stale === undefined) throw refusal
    const { stream, expected, head } = stale
    return { outcome: 'conflict', stream, expected, actualVersion: head.version }
  }

  #notAppended(
    outcome: Exclude<AppendOutcome, { outcome: 'appended' }> | LostAppend,
  ): AcceptedUnit | Undecided {
    switch (outcome.outcome) {
      case 'known':
        return this.#known(outcome)
      case 'conflict':
        // A stream that was only read is not loaded: what it was read for is the caller's to decide anew.
        if (this.#isGuard(outcome.stream)) throw this.#lastLoss(outcome)
        return outcome
      case 'lost':
        return outcome
      case 'closed':
        throw new StreamClosed(outcome.stream)
      case 'reserved':
        throw new ReservationRefused(outcome.change, outcome.holder)
      case 'refused':
        throw outcome.rejection
      default:
        return outcome satisfies never
    }
  }

  #known({ result }: Extract<AppendOutcome, { outcome: 'known' }>): AcceptedUnit {
    if (result.fingerprint !== this.#unit.fingerprint) throw new CommandIdReused(this.#unit.commandId)
    return { streams: result.streams, storedNow: undefined }
  }

  #isGuard(stream: StreamRef): boolean {
    const name = streamName(stream)
    return this.#unit.guards.some((guard) => streamName(guard.stream) === name)
  }

  #lastLoss(loss: Undecided): Error {
    if (loss.outcome === 'lost') return new OutcomeUnknown(this.#unit.commandId, loss.error)
    return new WrongExpectedVersion(loss.stream, loss.expected, loss.actualVersion)
  }
}

/**
 * Milliseconds, none before the second decision: what was out of date is up to date now. After that the rivals of a hot
 * stream part by chance, or the same one would lose again and again.
 */
function pauseAfter(decisions: number): number {
  return decisions === 1 ? 0 : Math.random() * Math.min(LONGEST_PAUSE, 2 ** decisions)
}
