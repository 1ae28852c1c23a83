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
  /** Told after each append that stored events, so that the relay need not poll for them. */
  readonly onAppended: () => void
}

/** How often a command is decided again because other processes moved its stream on. */
const MOST_DECISIONS = 20

/** How often, with growing pauses from 50 ms on, the store is asked what became of an append whose answer was lost. */
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
        occurredAt,
        metadata: { commandId, correlationId, causationId, ...(actor === undefined ? {} : { actor }) },
      },
      context: new DecisionContext(now, actor, newId),
      expect,
    }
  }

  async #run(pending: PendingCommand): Promise<Receipt> {
    let conflict: number | undefined
    for (let decisions = 0; decisions < MOST_DECISIONS; decisions++) {
      const loaded = await this.#options.repository.take(pending.model, pending.stream)
      const decision = this.#decide(pending, loaded)
      const outcome =
        'refusal' in decision
          ? await this.#confirmRefusal(pending, loaded, decision.refusal)
          : await this.#append(pending, loaded, decision.events)
      if (outcome.outcome !== 'conflict') return receiptOf(pending, outcome)
      conflict = outcome.actualVersion
    }
    throw new WrongExpectedVersion(pending.stream, 'any', conflict ?? 0)
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
  ): Promise<AppendOutcome> {
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

  async #appendOrFindOut(request: AppendRequest): Promise<AppendOutcome> {
    try {
      const [outcome] = await this.#options.store.append([request])
      if (outcome === undefined) throw new Error('the store answered an append with no outcome')
      return outcome
    } catch (error) {
      const { version, result } = await this.#findOut(request, error)
      return result === undefined
        ? { outcome: 'conflict', actualVersion: version }
        : { outcome: 'known', result }
    }
  }

  /** The answer to an append was lost: nothing may be decided again before it is known what became of it. */
  async #findOut({ stream, commandId }: AppendRequest, lost: unknown): Promise<HeadAndResult> {
    for (let enquiries = 0; enquiries < MOST_ENQUIRIES; enquiries++) {
      try {
        return await this.#options.store.headAndResult(stream, commandId)
      } catch {
        // What counts is the error that lost the answer; it is reported when nobody can be asked.
        await delay(50 * 2 ** enquiries)
      }
    }
    throw new OutcomeUnknown(commandId, lost)
  }

  #ask({ stream, provenance }: PendingCommand): Promise<HeadAndResult> {
    return this.#options.store.headAndResult(stream, provenance.metadata.commandId)
  }
}

function receiptOf(
  pending: PendingCommand,
  outcome: Exclude<AppendOutcome, { outcome: 'conflict' }>,
): Receipt {
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
