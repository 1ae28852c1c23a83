import { setTimeout as delay } from 'node:timers/promises'
import { OutcomeUnknown } from '../core/errors/index.js'
import type { CallersTransaction } from '../core/ports/callers-transaction.js'
import type { AppendOutcome, AppendRequest, EventStore, HeadsAndResult } from '../core/ports/event-store.js'
import type { StreamRef } from '../core/stream.js'
import type { AggregateRepository, LoadedAggregate } from './aggregate-repository.js'
import type { CommandUnit, PendingCommand } from './command-unit.js'
import type { Patience } from './patience.js'

/** How often, with growing pauses from 50 ms on, the store is asked something before it counts as gone. */
const MOST_ENQUIRIES = 6

/** An append whose answer was lost, and which was not stored by then: to be decided again like a conflict. */
export interface LostAppend {
  readonly outcome: 'lost'
  readonly error: unknown
}

/** How one unit of commands reads its streams and appends to them. */
export interface StoreAccess {
  /** The aggregates of the unit's commands, in their order, each at a version that is known. */
  load(): Promise<readonly LoadedAggregate[]>
  /** The heads of the unit's streams, in the order of its commands, and what is known of its command id. */
  headsAndResult(): Promise<HeadsAndResult>
  append(request: AppendRequest): Promise<AppendOutcome | LostAppend>
}

export interface StoreAccessParts {
  readonly store: EventStore
  readonly repository: AggregateRepository
  /** Whether the store failed in passing: the same work, done again, can succeed. */
  readonly isTransient: (error: unknown) => boolean
}

const streamsOf = ({ commands }: CommandUnit): readonly StreamRef[] => commands.map(({ stream }) => stream)

/**
 * Access by transactions of the store's own: what fails in passing is asked again, and an answer that was lost is looked
 * up.
 */
export class OwnAccess implements StoreAccess {
  readonly #parts: StoreAccessParts
  readonly #unit: CommandUnit
  readonly #patience: Pick<Patience, 'over'>

  constructor(parts: StoreAccessParts, unit: CommandUnit, patience: Pick<Patience, 'over'>) {
    this.#parts = parts
    this.#unit = unit
    this.#patience = patience
  }

  load(): Promise<readonly LoadedAggregate[]> {
    const { repository } = this.#parts
    const take = ({ model, stream }: PendingCommand) =>
      this.#persistently(() => repository.take(model, stream))
    return Promise.all(this.#unit.commands.map(take))
  }

  headsAndResult(): Promise<HeadsAndResult> {
    const { commandId } = this.#unit
    return this.#persistently(() => this.#parts.store.headsAndResult(streamsOf(this.#unit), commandId))
  }

  /**
   * Nothing may be decided again before it is known what became of an append. One that is still under way then can do no
   * harm: of two appends with one command id the database takes only the first. And nothing is decided again for a caller
   * that waits no longer.
   */
  async append(request: AppendRequest): Promise<AppendOutcome | LostAppend> {
    const { store, isTransient } = this.#parts
    try {
      const [outcome] = await store.append([request])
      if (outcome === undefined) throw new Error('the store answered an append with no outcome')
      return outcome
    } catch (error) {
      // What fails for good would fail again, and stored nothing.
      if (!isTransient(error)) throw error
      const { result } = await this.headsAndResult()
      if (result !== undefined) return { outcome: 'known', result }
      if (this.#patience.over) throw new OutcomeUnknown(this.#unit.commandId, error)
      return { outcome: 'lost', error }
    }
  }

  /** Reads from the store, again where it failed in passing and the caller still waits. */
  async #persistently<T>(read: () => Promise<T>): Promise<T> {
    for (let enquiries = 1; ; enquiries++) {
      try {
        return await read()
      } catch (error) {
        if (!this.#parts.isTransient(error)) throw error
        if (enquiries === MOST_ENQUIRIES || this.#patience.over)
          throw new OutcomeUnknown(this.#unit.commandId, error)
        await delay(25 * 2 ** enquiries)
      }
    }
  }
}

/**
 * Access within a transaction of the caller's, which sees what nobody else sees yet: nothing is taken from memory or kept
 * there. A failure is the caller's, whose transaction it may have ended.
 */
export class AccessWithin implements StoreAccess {
  readonly #parts: StoreAccessParts
  readonly #unit: CommandUnit
  readonly #tx: CallersTransaction

  constructor(parts: StoreAccessParts, unit: CommandUnit, tx: CallersTransaction) {
    this.#parts = parts
    this.#unit = unit
    this.#tx = tx
  }

  async load(): Promise<readonly LoadedAggregate[]> {
    const loaded: LoadedAggregate[] = []
    // One after the other: it is one connection.
    for (const { model, stream } of this.#unit.commands)
      loaded.push(await this.#parts.repository.load(model, stream, this.#tx))
    return loaded
  }

  headsAndResult(): Promise<HeadsAndResult> {
    return this.#parts.store.headsAndResult(streamsOf(this.#unit), this.#unit.commandId, this.#tx)
  }

  append(request: AppendRequest): Promise<AppendOutcome> {
    return this.#parts.store.appendWithin(this.#tx, request)
  }
}
