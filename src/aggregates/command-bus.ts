import { setTimeout as delay } from 'node:timers/promises'
import { type CommandInstance, commandTypeOf, isCommand, targetOf } from '../core/command.js'
import {
  CommandIdReused,
  DefinitionError,
  InvalidValue,
  OutcomeUnknown,
  WrongExpectedVersion,
} from '../core/errors/index.js'
import type { EventInstance } from '../core/event.js'
import type {
  AppendOutcome,
  AppendRequest,
  CommandResult,
  EventStore,
  HeadAndResult,
} from '../core/ports/event-store.js'
import { type StreamRef, streamName } from '../core/stream.js'
import type { AggregateModel, CommandHandlerModel } from './aggregate-model.js'
import type { AggregateRepository, LoadedAggregate } from './aggregate-repository.js'
import { decide, type Decision } from './decide.js'
import { DecisionContext } from './decision-context.js'
import { acceptOptions, type ExecuteOptions, type Receipt } from './execute-options.js'
import { KeyedQueue } from './keyed-queue.js'
import { fingerprintOf, newEvents, type Provenance } from './new-events.js'

export interface CommandBusOptions {
  readonly aggregates: readonly AggregateModel[]
  readonly store: EventStore
  readonly repository: AggregateRepository
  readonly now: () => Date
  readonly newId: () => string
  /** Whether the store failed in passing: the same work, done again, can succeed. */
  readonly isTransient: (error: unknown) => boolean
  /** Told after each append that stored events, so that the relay need not poll for them. */
  readonly onAppended: () => void
}

/** How often a command is decided, while other processes keep moving its stream on. */
const MOST_DECISIONS = 30

/** Milliseconds at the most between two decisions. */
const LONGEST_PAUSE = 200

/** How often, with growing pauses from 50 ms on, the store is asked something before it counts as gone. */
const MOST_ENQUIRIES = 6

interface Target {
  readonly model: AggregateModel
  readonly handler: CommandHandlerModel
}

/** A command on its way: everything about it that stays the same when it is decided again. */
interface PendingCommand extends Target {
  readonly command: CommandInstance
  readonly stream: StreamRef
  readonly fingerprint: string
  readonly provenance: Provenance
  readonly context: DecisionContext
  readonly expect: ExecuteOptions['expect']
  /** The caller gave the id, so it may have sent the command before. */
  readonly mayBeRetry: boolean
}

/** The command is stored, now or since before. */
type Accepted = Exclude<AppendOutcome, { readonly outcome: 'conflict' }>

/** An append whose answer was lost, and which was not stored by then: to be decided again like a conflict. */
interface LostAppend {
  readonly outcome: 'lost'
  readonly error: unknown
}

/**
 * Executes commands: load, decide, append. Commands of one stream run one after the other in this process; rivals in
 * other processes are met at the stream's head, where the loser loads and decides again.
 */
export class CommandBus {
  readonly #options: CommandBusOptions
  readonly #targets: ReadonlyMap<string, Target>
  readonly #queue = new KeyedQueue()
  #appended = 0
  #alreadyKnown = 0

  constructor(options: CommandBusOptions) {
    this.#options = options
    this.#targets = new Map(
      options.aggregates.flatMap((model) =>
        [...model.handlers].map(([type, handler]): [string, Target] => [type, { model, handler }]),
      ),
    )
  }

  /**
   * Resolves when the command's events are stored. A command id that was accepted before answers its first outcome and
   * appends nothing.
   *
   * @throws {@link CommandRejected} when the domain refuses it, {@link AggregateNotFound} or
   * {@link WrongExpectedVersion} when the stream is not as expected, {@link CommandIdReused} when the id belongs to
   * another command, {@link OutcomeUnknown} when the store went away meanwhile
   */
  async execute(command: CommandInstance, options: ExecuteOptions = {}): Promise<Receipt> {
    const pending = this.#pending(command, options)
    return this.#queue.run(streamName(pending.stream), () => this.#run(pending))
  }

  /** Events stored since the start; what an earlier attempt stored is not among them. */
  get appended(): number {
    return this.#appended
  }

  /** Commands answered with what came of them before, since the start. */
  get alreadyKnown(): number {
    return this.#alreadyKnown
  }

  /** Resolves when no command is under way any more. */
  idle(): Promise<void> {
    return this.#queue.idle()
  }

  #pending(command: CommandInstance, options: ExecuteOptions): PendingCommand {
    if (!isCommand(command))
      throw new InvalidValue('execute', [{ path: 'command', problem: 'must be a command' }])
    const type = commandTypeOf(command)
    const target = this.#targets.get(type)
    if (target === undefined)
      throw new DefinitionError([`no aggregate of this app handles the command ${type}`])
    const { now: clock, newId } = this.#options
    const now = clock()
    const { commandId = newId(), expect, occurredAt = now, actor, ...causes } = acceptOptions(options)
    const { correlationId = commandId, causationId = commandId } = causes
    return {
      ...target,
      command,
      stream: { type: target.model.name, id: targetOf(command) },
      fingerprint: fingerprintOf(command),
      provenance: {
        // A Date can be changed by whoever gave it.
        occurredAt: new Date(occurredAt),
        metadata: { commandId, correlationId, causationId, ...(actor === undefined ? {} : { actor }) },
      },
      context: new DecisionContext(now, actor, newId),
      expect,
      mayBeRetry: options.commandId !== undefined,
    }
  }

  async #run(pending: PendingCommand): Promise<Receipt> {
    const known = await this.#knownBefore(pending)
    if (known !== undefined) return this.#answer(pending, known)
    for (let decisions = 1; ; decisions++) {
      const loaded = await this.#load(pending)
      const decision = this.#decide(pending, loaded)
      const outcome =
        'refusal' in decision
          ? await this.#confirmRefusal(pending, loaded, decision.refusal)
          : await this.#append(pending, loaded, decision.events)
      if (outcome.outcome !== 'conflict' && outcome.outcome !== 'lost') return this.#answer(pending, outcome)
      if (decisions === MOST_DECISIONS) throw lastLoss(pending, loaded, outcome)
      await delay(pauseAfter(decisions))
    }
  }

  /**
   * A retry is answered without reading history, where that would have to be read for it. Where the aggregate is at hand
   * a first try is the likelier, and the append itself notices a known id.
   */
  async #knownBefore(pending: PendingCommand): Promise<Accepted | undefined> {
    if (!pending.mayBeRetry || this.#options.repository.keeps(pending.stream)) return undefined
    const { result } = await this.#ask(pending)
    return result && { outcome: 'known', result }
  }

  #answer(pending: PendingCommand, outcome: Accepted): Receipt {
    const receipt = receiptOf(pending, outcome)
    if (outcome.outcome === 'known') this.#alreadyKnown += 1
    return receipt
  }

  #load({ model, stream, provenance }: PendingCommand): Promise<LoadedAggregate> {
    const load = () => this.#options.repository.take(model, stream)
    return this.#persistently(provenance.metadata.commandId, load)
  }

  #decide({ stream, handler, command, context, expect }: PendingCommand, loaded: LoadedAggregate): Decision {
    return decide(loaded, stream, handler, command, context.forDecision(), expect)
  }

  /**
   * A refusal counts only on the stream's present head: what was decided on an older state is decided again, and a
   * command that was accepted before is answered with that.
   */
  async #confirmRefusal(
    pending: PendingCommand,
    loaded: LoadedAggregate,
    refusal: Error,
  ): Promise<AppendOutcome> {
    const { version, result } = await this.#ask(pending)
    if (result !== undefined) return { outcome: 'known', result }
    if (version !== loaded.version) return { outcome: 'conflict', actualVersion: version }
    throw refusal
  }

  async #append(
    pending: PendingCommand,
    loaded: LoadedAggregate,
    events: readonly EventInstance[],
  ): Promise<AppendOutcome | LostAppend> {
    const { newId, onAppended, repository } = this.#options
    const outcome = await this.#appendOrFindOut({
      commandId: pending.provenance.metadata.commandId,
      fingerprint: pending.fingerprint,
      stream: pending.stream,
      expectedVersion: loaded.version,
      events: newEvents(events, pending.provenance, newId),
    })
    if (outcome.outcome === 'appended') {
      repository.put(pending.stream, { aggregate: loaded.aggregate, version: outcome.version })
      this.#appended += events.length
      if (events.length > 0) onAppended()
    }
    return outcome
  }

  /**
   * An answer that was lost is looked up: nothing may be decided again before it is known what became of the append. One
   * that is still under way then can do no harm: of two appends with one command id the database takes only the first.
   */
  async #appendOrFindOut(request: AppendRequest): Promise<AppendOutcome | LostAppend> {
    const { store, isTransient } = this.#options
    const { commandId, stream } = request
    try {
      const [outcome] = await store.append([request])
      if (outcome === undefined) throw new Error('the store answered an append with no outcome')
      return outcome
    } catch (error) {
      // What fails for good would fail again, and stored nothing.
      if (!isTransient(error)) throw error
      const { result } = await this.#persistently(commandId, () => store.headAndResult(stream, commandId))
      return result === undefined ? { outcome: 'lost', error } : { outcome: 'known', result }
    }
  }

  #ask({ stream, provenance }: PendingCommand): Promise<HeadAndResult> {
    const { commandId } = provenance.metadata
    return this.#persistently(commandId, () => this.#options.store.headAndResult(stream, commandId))
  }

  /** Reads from the store, again where it failed in passing. */
  async #persistently<T>(commandId: string, read: () => Promise<T>): Promise<T> {
    for (let enquiries = 1; ; enquiries++) {
      try {
        return await read()
      } catch (error) {
        if (!this.#options.isTransient(error)) throw error
        if (enquiries === MOST_ENQUIRIES) throw new OutcomeUnknown(commandId, error)
        await delay(25 * 2 ** enquiries)
      }
    }
  }
}

/**
 * Milliseconds, none before the second decision: what was out of date is up to date now. After that the rivals of a hot
 * stream part by chance, or the same one would lose again and again.
 */
function pauseAfter(decisions: number): number {
  return decisions === 1 ? 0 : Math.random() * Math.min(LONGEST_PAUSE, 2 ** decisions)
}

function lastLoss(
  { stream, provenance }: PendingCommand,
  { version }: LoadedAggregate,
  loss: LostAppend | Extract<AppendOutcome, { outcome: 'conflict' }>,
): Error {
  if (loss.outcome === 'lost') return new OutcomeUnknown(provenance.metadata.commandId, loss.error)
  return new WrongExpectedVersion(stream, version, loss.actualVersion)
}

function receiptOf(pending: PendingCommand, outcome: Accepted): Receipt {
  const { commandId } = pending.provenance.metadata
  if (outcome.outcome === 'appended')
    return { stream: streamName(pending.stream), version: outcome.version, commandId }
  return firstReceipt(pending, outcome.result)
}

function firstReceipt({ fingerprint, provenance }: PendingCommand, result: CommandResult): Receipt {
  const { commandId } = provenance.metadata
  if (result.fingerprint !== fingerprint) throw new CommandIdReused(commandId)
  return { stream: streamName(result.stream), version: result.version, commandId }
}
