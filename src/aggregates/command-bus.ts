import { type CommandInstance, commandTypeOf, isCommand } from '../core/command.js'
import {
  AppStopped,
  InvalidValue,
  OutcomeUnknown,
  OverloadedError,
  type RepriseError,
  TimedOut,
} from '../core/errors/index.js'
import type { Violation } from '../core/fields/violation.js'
import type { EventStore, StreamGuard } from '../core/ports/event-store.js'
import { streamName } from '../core/stream.js'
import type { AggregateModel } from './aggregate-model.js'
import type { AggregateRepository } from './aggregate-repository.js'
import {
  type CommandTarget,
  type CommandUnit,
  commandUnit,
  commandViolations,
  refuseRepeatedStreams,
  targetedCommands,
} from './command-unit.js'
import {
  type ExecuteAllOptions,
  type ExecuteOptions,
  expectationViolations,
  type GroupReceipt,
  optionViolations,
  type Receipt,
} from './execute-options.js'
import { KeyedQueue } from './keyed-queue.js'
import { Patience } from './patience.js'
import { prepare, type PreparingSteps } from './preparing.js'
import { AccessWithin, OwnAccess } from './store-access.js'
import { guardsOf, guardViolations } from './stream-guards.js'
import { type AcceptedUnit, UnitExecution } from './unit-execution.js'

export interface CommandBusOptions {
  readonly aggregates: readonly AggregateModel[]
  readonly store: EventStore
  readonly repository: AggregateRepository
  readonly now: () => Date
  readonly newId: () => string
  /** Whether the store failed in passing: the same work, done again, can succeed. */
  readonly isTransient: (error: unknown) => boolean
  /**
   * Told after each append that stored events, so that the relay need not poll for them. Not told of what is appended in a
   * caller's transaction: the relay finds it by polling, once it has committed.
   */
  readonly onAppended: () => void
  /** @defaultValue none */
  readonly preparations?: PreparingSteps
  /** Bytes of JSON that an event may have. @defaultValue 900,000: a broker takes 1 MB by default, headers included */
  readonly maxPayloadBytes?: number
  /** Milliseconds until a caller is answered, beside what preparing steps take. @defaultValue 10,000 */
  readonly timeout?: number
  /** Units of commands under way at the most. @defaultValue 10,000 */
  readonly mostUnderWay?: number
}

const MAX_PAYLOAD_BYTES = 900_000
const TIMEOUT = 10_000
const MOST_UNDER_WAY = 10_000

/**
 * Executes commands: load, decide, append. Units of commands that share a stream run one after the other in this process;
 * rivals in other processes are met at the stream's head, where the loser loads and decides again.
 *
 * While the store is away or slow, callers are answered in time and what waits is bounded: neither they nor the memory of
 * the process depend on how long that lasts.
 */
export class CommandBus {
  readonly #options: CommandBusOptions
  readonly #targets: ReadonlyMap<string, CommandTarget>
  readonly #preparations: PreparingSteps
  readonly #queue = new KeyedQueue()
  readonly #underWay = new Map<Promise<unknown>, Patience>()
  #appended = 0
  #alreadyKnown = 0
  #abandoned = false

  constructor(options: CommandBusOptions) {
    this.#options = options
    this.#preparations = options.preparations ?? new Map()
    this.#targets = new Map(
      options.aggregates.flatMap((model) =>
        [...model.handlers].map(([type, handler]): [string, CommandTarget] => [type, { model, handler }]),
      ),
    )
  }

  /**
   * Resolves when the command's events are stored. A command id that was accepted before answers its first outcome and
   * appends nothing. With `tx` the events become part of the caller's transaction, and the command is decided once only.
   *
   * @throws {@link CommandRejected} when the domain refuses it, {@link ReservationRefused}, which is one, when a value is
   * taken, {@link AggregateNotFound}, {@link WrongExpectedVersion} or {@link StreamClosed} when the stream is not as
   * expected, {@link CommandIdReused} when the id belongs to another command, {@link PayloadTooLarge},
   * {@link InvalidValue}, {@link DefinitionError} when a handler does what none may, {@link OutcomeUnknown} when the store
   * went away meanwhile or did not answer in time, {@link OverloadedError} when too many commands wait, or this one was not
   * begun in time, and whatever the command's preparing step throws. Nothing is stored then, except that after an
   * {@link OutcomeUnknown} it may be
   */
  async execute(command: CommandInstance, options: ExecuteOptions = {}): Promise<Receipt> {
    const { expect } = options
    refuse('execute', [
      ...(isCommand(command) ? [] : [{ path: 'command', problem: 'must be a command' }]),
      ...optionViolations(options),
      ...(expect === undefined ? [] : expectationViolations('expect', expect)),
    ])
    const commands = targetedCommands(this.#targets, [command])
    const expectations: readonly StreamGuard[] =
      expect === undefined ? [] : commands.map(({ stream }) => ({ stream, expected: expect }))
    const unit = commandUnit(this.#options, commands, options, expectations)
    const { streams, commandId } = groupReceipt(unit, await this.#answer(unit))
    const [only] = streams
    if (only === undefined) throw new Error(`the store answered command ${commandId} with no stream`)
    return { ...only, commandId }
  }

  /**
   * Executes commands for different streams as one: resolves when the events of all are stored, in one transaction and
   * under one command id. They are decided in the order given, each on its own aggregate: a value that one of them
   * releases can be reserved by a later one. What one refuses is refused for all, and a rival on one stream has all of them
   * decided again. A retry is that of the same commands in the same order.
   *
   * @throws what {@link execute} throws, and {@link InvalidValue} for an empty list or two commands for one stream,
   * {@link WrongExpectedVersion} at once when a stream that was only read is not as expected
   */
  async executeAll(
    commands: readonly CommandInstance[],
    options: ExecuteAllOptions = {},
  ): Promise<GroupReceipt> {
    const { expect = [] } = options
    const aggregates = new Set(this.#options.aggregates.map(({ name }) => name))
    refuse('executeAll', [
      ...commandViolations(commands),
      ...optionViolations(options),
      ...guardViolations(expect, aggregates),
    ])
    const targeted = targetedCommands(this.#targets, commands)
    refuseRepeatedStreams(targeted)
    const unit = commandUnit(this.#options, targeted, options, guardsOf(expect))
    return groupReceipt(unit, await this.#answer(unit))
  }

  /** Events stored since the start; neither what an earlier attempt stored nor what callers' transactions did. */
  get appended(): number {
    return this.#appended
  }

  /** Commands answered with what came of them before, since the start. */
  get alreadyKnown(): number {
    return this.#alreadyKnown
  }

  /** Units of commands that were begun or wait for their turn, also those whose callers wait no longer. */
  get underWay(): number {
    return this.#underWay.size
  }

  /** Resolves when no command is under way any more, and no snapshot waits to be written. */
  async idle(): Promise<void> {
    while (this.#underWay.size > 0) await Promise.allSettled(this.#underWay.keys())
    await this.#options.repository.idle()
  }

  /** Answers every caller that waits, as if its time were over. What is begun is not tried again. */
  abandon(): void {
    this.#abandoned = true
    for (const patience of this.#underWay.values()) patience.lose()
  }

  #answer(unit: CommandUnit): Promise<AcceptedUnit> {
    const { timeout = TIMEOUT, mostUnderWay = MOST_UNDER_WAY } = this.#options
    if (this.#underWay.size >= mostUnderWay)
      throw new OverloadedError('no more commands are taken now', this.#underWay.size)
    // How long a transaction of the caller's may take is the caller's concern.
    const patience = new Patience(unit.tx === undefined ? timeout : Infinity)
    return patience.answer(this.#track(this.#execute(unit, patience), patience), () =>
      // Of a retry the caller wants to know what became of it, and that was not found out.
      patience.begun || unit.mayBeRetry
        ? new OutcomeUnknown(
            unit.commandId,
            this.#abandoned
              ? new AppStopped('the store was not waited for')
              : new TimedOut('the store', timeout),
          )
        : this.#neverBegun(timeout),
    )
  }

  #neverBegun(timeout: number): RepriseError {
    if (this.#abandoned) return new AppStopped('this command was not begun, and stored nothing')
    return new OverloadedError(`its turn did not come within ${timeout} ms`, this.#underWay.size)
  }

  async #execute(unit: CommandUnit, patience: Patience): Promise<AcceptedUnit> {
    if (unit.tx !== undefined) await this.#options.store.requireWithin(unit.tx)
    const access =
      unit.tx === undefined
        ? new OwnAccess(this.#options, unit, patience)
        : new AccessWithin(this.#options, unit, unit.tx)
    const { newId, maxPayloadBytes = MAX_PAYLOAD_BYTES } = this.#options
    const execution = new UnitExecution(unit, access, { newId, maxPayloadBytes })
    const commands = unit.commands.map(({ command }) => command)
    if (!commands.some((command) => this.#preparations.has(commandTypeOf(command))))
      return this.#inTurn(unit, patience, () => this.#answerOrRun(unit, execution))
    const known = await execution.knownBefore()
    if (known !== undefined) return this.#settle(unit, known)
    // Other commands of the streams need not wait for a service that this one asks.
    patience.hold()
    const prepared = await prepare(commands, this.#preparations)
    patience.again()
    return this.#inTurn(unit, patience, () => execution.run(prepared))
  }

  /**
   * A retry is answered without reading history, where that would have to be read for it. Where the aggregates are at hand
   * a first try is the likelier, and the append itself notices a known id.
   */
  async #answerOrRun(unit: CommandUnit, execution: UnitExecution): Promise<AcceptedUnit> {
    const { repository } = this.#options
    const atHand = unit.tx === undefined && unit.commands.every(({ stream }) => repository.keeps(stream))
    const known = atHand ? undefined : await execution.knownBefore()
    return known ?? execution.run([])
  }

  /** A caller's transaction never waits in line: who is ahead there may wait for its locks. */
  #inTurn(unit: CommandUnit, patience: Patience, run: () => Promise<AcceptedUnit>): Promise<AcceptedUnit> {
    const work = async (): Promise<AcceptedUnit> => {
      // Its caller was told that this call stores nothing.
      if (patience.over) throw this.#neverBegun(this.#options.timeout ?? TIMEOUT)
      patience.begin()
      return this.#settle(unit, await run())
    }
    if (unit.tx !== undefined) return work()
    return this.#queue.run(
      unit.commands.map(({ stream }) => streamName(stream)),
      work,
    )
  }

  /** Before anyone else's turn: keeps the aggregates for the next command. */
  #settle({ tx, commands }: CommandUnit, accepted: AcceptedUnit): AcceptedUnit {
    if (accepted.storedNow === undefined) this.#alreadyKnown += 1
    if (accepted.storedNow === undefined || tx !== undefined) return accepted
    let appended = 0
    for (const [index, stored] of accepted.storedNow.entries()) {
      const command = commands[index]
      if (command === undefined) continue
      this.#options.repository.put(command.model, command.stream, stored.loaded, stored.appended)
      appended += stored.appended
    }
    this.#appended += appended
    if (appended > 0) this.#options.onAppended()
    return accepted
  }

  #track<T>(executing: Promise<T>, patience: Patience): Promise<T> {
    this.#underWay.set(executing, patience)
    const forget = (): void => {
      this.#underWay.delete(executing)
    }
    executing.then(forget, forget)
    return executing
  }
}

function refuse(subject: string, violations: readonly Violation[]): void {
  if (violations.length > 0) throw new InvalidValue(subject, violations)
}

function groupReceipt({ commandId }: CommandUnit, { streams }: AcceptedUnit): GroupReceipt {
  return {
    streams: streams.map(({ stream, version }) => ({ stream: streamName(stream), version })),
    commandId,
  }
}
