import type { Fields, Values } from './fields/field.js'
import type { JsonValue } from './fields/json-value.js'
import { writeRecord } from './fields/record.js'
import { defineMessage, fill, type MessageDefinition, revive } from './message.js'

/** Where the prototype of every event class keeps its definition. Own properties are the event's fields alone. */
export const eventDefinition: unique symbol = Symbol.for('reprise/event') as never

/** Any event, told apart by its name. */
export interface EventInstance<N extends string = string> {
  readonly [eventDefinition]: MessageDefinition<N>
}

/** A class whose instances are events of type `E`. */
export interface EventType<E extends EventInstance = EventInstance> {
  new (...values: never[]): E
  readonly type: string
  readonly fields: Fields
}

/** What {@link DomainEvent} returns: the class to extend. */
export interface EventClass<N extends string, F extends Fields> {
  /** @throws {@link InvalidValue} with every value that does not fit its field */
  new (values: Values<F>): EventInstance<N> & Values<F>
  readonly type: N
  readonly fields: F
}

/**
 * Defines an event: an immutable fact, named in the past tense. `name` is what is stored, so it must never
 * change; the class may be renamed. Instances carry nothing but their fields, checked, copied and frozen.
 *
 * @example
 * export class MoneyDeposited extends DomainEvent('MoneyDeposited', {
 *   amount: long(),
 *   reference: optional(string()),
 * }) {}
 */
export function DomainEvent<const N extends string, F extends Fields>(name: N, fields: F): EventClass<N, F> {
  const definition = defineMessage('event', name, fields)
  class Event {
    static readonly type = name
    static readonly fields = fields

    constructor(values: Values<F>) {
      fill(this, definition, values)
    }
  }
  Object.defineProperty(Event.prototype, eventDefinition, { value: definition })
  // The instance's fields come from `fields`, which no class declaration can say.
  return Event as unknown as EventClass<N, F>
}

/** Whether `value` is an event, made by this copy of the package or another. */
export function isEvent(value: unknown): value is EventInstance {
  return typeof value === 'object' && value !== null && eventDefinition in value
}

/** Whether `value` is a class made with {@link DomainEvent}. */
export function isEventType(value: unknown): value is EventType {
  return typeof value === 'function' && isEvent(value.prototype)
}

/** What makes an event's own definition unusable. */
export function eventFaults(eventType: EventType): readonly string[] {
  return (eventType.prototype as EventInstance)[eventDefinition].faults
}

/** The name under which an event is stored. */
export function eventTypeOf(event: EventInstance): string {
  return event[eventDefinition].type
}

/** The stored form of an event. */
export function eventToJson(event: EventInstance): Record<string, JsonValue> {
  return writeRecord(event[eventDefinition].fields, event)
}

/**
 * The event that stored JSON stands for, without running the constructor of the user's class.
 *
 * @throws {@link InvalidValue} when the JSON does not fit the fields
 */
export function eventFromJson<E extends EventInstance>(eventClass: EventType<E>, json: unknown): E {
  const prototype = eventClass.prototype as E
  return revive(prototype, prototype[eventDefinition], json)
}
