import { type CommandInstance, commandTypeOf, isCommand, targetOf } from '../core/command.js'
import { DefinitionError, InvalidValue } from '../core/errors/index.js'
import type { Violation } from '../core/fields/violation.js'
import type { CallersTransaction } from '../core/ports/callers-transaction.js'
import type { StreamGuard } from '../core/ports/event-store.js'
import { type ExpectedVersion, type StreamRef, streamName } from '../core/stream.js'
import type { AggregateModel, CommandHandlerModel } from './aggregate-model.js'
import { DecisionContext } from './decision-context.js'
import type { ExecuteOptions } from './execute-options.js'
import { fingerprintOf, type Provenance } from './new-events.js'

/** Who handles a type of command. */
export interface CommandTarget {
  readonly model: AggregateModel
  readonly handler: CommandHandlerModel
}

/** A command on its way: everything about it that stays the same when it is decided again. */
export interface PendingCommand extends CommandTarget {
  readonly command: CommandInstance
  readonly stream: StreamRef
  readonly context: DecisionContext
  readonly expect: ExpectedVersion | undefined
}

/** Commands that are stored as one, or one alone: all under one command id. */
export interface CommandUnit {
  readonly commandId: string
  readonly fingerprint: string
  /** One or more, each for another stream. */
  readonly commands: readonly PendingCommand[]
  /** Streams that were only read. */
  readonly guards: readonly StreamGuard[]
  readonly provenance: Provenance
  readonly tx: CallersTransaction | undefined
  /** The caller gave the id, so it may have sent the commands before. */
  readonly mayBeRetry: boolean
}

/** A command with what handles it, and the stream it is for. */
export type TargetedCommand = Pick<PendingCommand, 'model' | 'handler' | 'command' | 'stream'>

/**
 * Makes a unit of commands for different streams. An expectation of a stream that one of them is for becomes that
 * command's own; the others are guards.
 */
export function commandUnit(
  { now: clock, newId }: { readonly now: () => Date; readonly newId: () => string },
  commands: readonly TargetedCommand[],
  options: Omit<ExecuteOptions, 'expect'>,
  expectations: readonly StreamGuard[],
): CommandUnit {
  const now = clock()
  const { commandId = newId(), occurredAt = now, actor, tx } = options
  const { correlationId = commandId, causationId = commandId } = options
  const unmet = new Map(expectations.map((guard) => [streamName(guard.stream), guard]))
  const pending = commands.map((it) => {
    const name = streamName(it.stream)
    const expect = unmet.get(name)?.expected
    unmet.delete(name)
    return { ...it, context: new DecisionContext(now, actor, newId), expect }
  })
  return {
    commandId,
    fingerprint: fingerprintOf(commands.map(({ command }) => command)),
    commands: pending,
    guards: [...unmet.values()],
    provenance: {
      // A Date can be changed by whoever gave it.
      occurredAt: new Date(occurredAt),
      metadata: { commandId, correlationId, causationId, ...(actor === undefined ? {} : { actor }) },
    },
    tx,
    mayBeRetry: options.commandId !== undefined,
  }
}

/** What in a list of commands is none. */
export function commandViolations(commands: unknown): readonly Violation[] {
  if (!Array.isArray(commands)) return [{ path: 'commands', problem: 'must be a list of commands' }]
  if (commands.length === 0) return [{ path: 'commands', problem: 'must hold at least one command' }]
  return commands.flatMap((command: unknown, index) =>
    isCommand(command) ? [] : [{ path: `commands[${index}]`, problem: 'must be a command' }],
  )
}

/**
 * The commands with their handlers, which are found by command type.
 *
 * @throws {@link DefinitionError} for commands that no aggregate handles
 */
export function targetedCommands(
  targets: ReadonlyMap<string, CommandTarget>,
  commands: readonly CommandInstance[],
): readonly TargetedCommand[] {
  const strangers = new Set<string>()
  const targeted = commands.flatMap((command) => {
    const type = commandTypeOf(command)
    const target = targets.get(type)
    if (target === undefined) strangers.add(type)
    return target ? [{ ...target, command, stream: { type: target.model.name, id: targetOf(command) } }] : []
  })
  if (strangers.size > 0)
    throw new DefinitionError(
      [...strangers].map((type) => `no aggregate of this app handles the command ${type}`),
    )
  return targeted
}

/**
 * A stream is decided on once per unit: what a second command would be decided on is not stored yet.
 *
 * @throws {@link InvalidValue} when two commands are for one stream
 */
export function refuseRepeatedStreams(commands: readonly TargetedCommand[]): void {
  const first = new Map<string, number>()
  const violations = commands.flatMap(({ stream }, index) => {
    const name = streamName(stream)
    const before = first.get(name)
    if (before === undefined) first.set(name, index)
    return before === undefined ? [] : [repeated(name, before, index)]
  })
  if (violations.length > 0) throw new InvalidValue('executeAll', violations)
}

const repeated = (name: string, before: number, index: number): Violation => ({
  path: `commands[${index}]`,
  problem: `is for ${name}, as commands[${before}] is: make one command of them, or execute them in two calls`,
})
