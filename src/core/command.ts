import type { Fields, StringKeys, Values } from './fields/field.js'
import type { JsonValue } from './fields/json-value.js'
import { writeRecord } from './fields/record.js'
import type { Violation } from './fields/violation.js'
import { defineMessage, fill, type MessageDefinition } from './message.js'
import { streamIdProblem } from './stream.js'

/** What a command class says about itself: `target` is the field that holds the id of its aggregate. */
export interface CommandDefinition<N extends string = string> extends MessageDefinition<N> {
  readonly target: string
}

/** Where the prototype of every command class keeps its definition. Own properties are the fields alone. */
export const commandDefinition: unique symbol = Symbol.for('reprise/command') as never

/** Any command, told apart by its name. */
export interface CommandInstance<N extends string = string> {
  readonly [commandDefinition]: CommandDefinition<N>
}

/** A class whose instances are commands of type `C`. */
export interface CommandType<C extends CommandInstance = CommandInstance> {
  new (...values: never[]): C
  readonly type: string
  readonly fields: Fields
  readonly target: string
}

/** What {@link Command} returns in the end: the class to extend. */
export interface CommandClass<N extends string, F extends Fields, K extends string> {
  /** @throws {@link InvalidValue} with every value that does not fit its field */
  new (values: Values<F>): CommandInstance<N> & Values<F>
  readonly type: N
  readonly fields: F
  readonly target: K
}

/**
 * Defines a command: a request that may be refused, named in the imperative. The second call names the
 * field that holds the id of the aggregate it is for. Instances carry nothing but their fields, checked,
 * copied and frozen; a target that cannot name a stream is refused here, before anything is asked of the
 * database.
 *
 * @example
 * export class DepositMoney extends Command('DepositMoney', { accountId: string(), amount: long() })('accountId') {}
 */
export function Command<const N extends string, F extends Fields>(
  name: N,
  fields: F,
): <K extends StringKeys<F>>(target: K) => CommandClass<N, F, K> {
  return (target) => {
    const definition = defineCommand(name, fields, target)
    class Request {
      static readonly type = name
      static readonly fields = fields
      static readonly target = target

      constructor(values: Values<F>) {
        fill(this, definition, values, (checked) => targetViolations(target, checked))
      }
    }
    Object.defineProperty(Request.prototype, commandDefinition, { value: definition })
    // The instance's fields come from `fields`, which no class declaration can say.
    return Request as unknown as CommandClass<N, F, typeof target>
  }
}

/** Whether `value` is a command, made by this copy of the package or another. */
export function isCommand(value: unknown): value is CommandInstance {
  return typeof value === 'object' && value !== null && commandDefinition in value
}

/** Whether `value` is a class made with {@link Command}. */
export function isCommandType(value: unknown): value is CommandType {
  return typeof value === 'function' && isCommand(value.prototype)
}

/** What makes a command's own definition unusable. */
export function commandFaults(commandType: CommandType): readonly string[] {
  return (commandType.prototype as CommandInstance)[commandDefinition].faults
}

/** The name under which a command is stored. */
export function commandTypeOf(command: CommandInstance): string {
  return command[commandDefinition].type
}

/** The id of the aggregate that a command is for. */
export function targetOf(command: CommandInstance): string {
  return Reflect.get(command, command[commandDefinition].target) as string
}

/** The stored form of a command: equal commands give equal JSON, keys in the order of the fields. */
export function commandToJson(command: CommandInstance): Record<string, JsonValue> {
  return writeRecord(command[commandDefinition].fields, command)
}

function defineCommand<N extends string>(name: N, fields: Fields, target: string): CommandDefinition<N> {
  const definition = defineMessage('command', name, fields)
  const field = Object.hasOwn(fields, target) ? fields[target] : undefined
  if (field !== undefined && !field.optional) return { ...definition, target }
  const fault = `command ${name}: its target ${target} must be one of its fields, and not optional`
  return { ...definition, target, faults: [...definition.faults, fault] }
}

function targetViolations(target: string, values: unknown): readonly Violation[] {
  const id: unknown = Reflect.get(values as object, target)
  const problem = typeof id === 'string' ? streamIdProblem(id) : 'must be a string'
  return problem === undefined ? [] : [{ path: target, problem }]
}
