import type { ReportFault } from './decorated-method.js'
import { type Duration, durationOf } from './duration.js'
import type { emits, EventSource } from './event-source.js'
import type { EventInstance, EventType } from './event.js'
import { listedEvents } from './listed-events.js'
import { nameFault } from './names.js'

/**
 * How a consumer tells a record it has applied from a new one:
 *
 * - `versions`: the producer numbers the events of a stream 1, 2, 3 … (Reprise does): duplicates are known, gaps noticed
 * - `eventIds`: the ids of the last so many milliseconds are remembered; a duplicate that comes later is applied again
 * - `offsets`: the place in the topic alone: what the producer wrote twice is applied twice
 */
export type ContractGuard = 'versions' | { readonly eventIds: number } | 'offsets'

const contract: unique symbol = Symbol.for('reprise/contract') as never

/** A record of a foreign producer's topic, as it is in the log. Nothing of it can be trusted. */
export interface ContractRecord {
  readonly topic: string
  readonly partition: number
  readonly offset: bigint
  /** Empty where the record has none. */
  readonly key: string
  readonly headers: Readonly<Record<string, string>>
  /** `null` is a tombstone. */
  readonly value: Uint8Array | null
  /** What the log says of its time; where that is beyond the years 1 to 9999, their beginning or end. */
  readonly timestamp: Date
}

/** What a record of a foreign producer says. */
export interface ForeignEvent {
  /** The name of one of the contract's events. */
  readonly type: string
  /** Tells the event from every other one. Must be there where the guard is `eventIds`. */
  readonly id?: string
  /** What it is about: the id of its stream. @defaultValue the key of the record */
  readonly subject?: string
  /** JSON, parsed: read through the fields of the event's class, like what a store of ours holds. */
  readonly data: unknown
  /** When it happened. @defaultValue the time of the record */
  readonly time?: Date
}

/**
 * Reads a record of a foreign producer; undefined for one that is no event of the contract and is passed by. It must be
 * pure, and throws at what it cannot read: the projection stops there.
 */
export type ReadForeign = (record: ContractRecord) => ForeignEvent | undefined

/** What a producing team publishes about a topic: its name, its key, its events. A plain value, made by {@link defineContract}. */
export interface Contract<E extends EventInstance = EventInstance> extends EventSource<E> {
  /** What the events are about, as the producer calls it: the aggregate's name. */
  readonly name: string
  readonly topic: string
  readonly events: readonly EventType<E>[]
  readonly guard: ContractGuard
  /** Reads the records of a producer that is not Reprise. @defaultValue CloudEvents in binary mode, with JSON data */
  readonly read?: ReadForeign
  /** What makes the definition unusable; reported when the app starts. */
  readonly faults: readonly string[]
  readonly [emits]: E
}

/** What {@link defineContract} is told. */
export interface ContractOptions<Events extends readonly EventType[]> {
  /** What the events are about: the name of the producer's aggregate. Lower case, as names of aggregates are. */
  readonly name: string
  /** The producer's topic. The key of its records is the id of what an event is about. */
  readonly topic: string
  /** The events that are read from it, of which a consumer may handle some. */
  readonly events: Events
  /** See {@link ContractGuard}; `eventIds` says for how long ids are remembered, a minute or more. @defaultValue 'versions' */
  readonly guard?: 'versions' | { readonly eventIds: Duration } | 'offsets'
  /** For a producer that is not Reprise. @defaultValue CloudEvents in binary mode; plain JSON where `events` has one */
  readonly read?: ReadForeign
}

/**
 * Defines what an app consumes of another team's events; the producing team may publish it as a package. Does nothing
 * else: what is wrong with it is reported when the app starts, all at once.
 *
 * @example
 * export const accounts = defineContract({
 *   name: 'account',
 *   topic: 'banking.account',
 *   events: [AccountOpened, MoneyDeposited],
 * })
 */
export function defineContract<const Events extends readonly EventType[]>(
  options: ContractOptions<Events>,
): Contract<InstanceType<Events[number]>> {
  const { name, topic, events, guard = 'versions', read } = options as UncheckedOptions
  const faults: string[] = []
  const report: ReportFault = (fault: string) => faults.push(`contract ${String(name)}: ${fault}`)
  const fault = nameFault('contract', name)
  if (fault !== undefined) report(fault)
  if (!isTopicName(topic))
    report(`the topic ${JSON.stringify(topic)} must match ${topicName.source}, and be no dots alone`)
  return Object.freeze({
    [contract]: true,
    name: String(name),
    topic: String(topic),
    events: Object.freeze(readEvents(events, report)),
    guard: readGuard(guard, report),
    ...readReader(read, guard, report),
    faults: Object.freeze(faults),
    // Which events it emits is for types alone.
  }) as unknown as Contract<InstanceType<Events[number]>>
}

/** Whether `value` is a contract, made by this copy of the package or another. */
export function isContract(value: unknown): value is Contract {
  return typeof value === 'object' && value !== null && contract in value
}

/** What JavaScript may have passed. */
interface UncheckedOptions {
  readonly name: unknown
  readonly topic: unknown
  readonly events: unknown
  readonly guard?: unknown
  readonly read?: unknown
}

// What Kafka allows.
const topicName = /^[a-zA-Z0-9._-]{1,249}$/

function isTopicName(topic: unknown): boolean {
  return typeof topic === 'string' && topicName.test(topic) && !/^\.{1,2}$/.test(topic)
}

function readEvents(listed: unknown, report: ReportFault): readonly EventType[] {
  const events = [...listedEvents(listed, report).values()]
  if (Array.isArray(listed) && listed.length === 0) report('events must not be empty')
  return events
}

// Less would forget an id before a producer that was interrupted sends its record again.
const shortestWindow = 60_000

function readGuard(guard: unknown, report: ReportFault): ContractGuard {
  if (guard === 'versions' || guard === 'offsets') return guard
  const window =
    typeof guard === 'object' && guard !== null && 'eventIds' in guard ? guard.eventIds : undefined
  const eventIds = durationOf(window)
  if (eventIds !== undefined && eventIds >= shortestWindow && Number.isFinite(eventIds)) return { eventIds }
  report(`guard must be 'versions', 'offsets', or { eventIds } with a time of one minute or more`)
  return 'versions'
}

function readReader(read: unknown, guard: unknown, report: ReportFault): Pick<Contract, 'read'> {
  if (read === undefined) return {}
  if (typeof read !== 'function') report('read must be a function')
  // Versions are in the headers that Reprise writes, together with all that a read could find out.
  if (guard === 'versions')
    report(`read is for producers that number nothing: say guard: { eventIds } or 'offsets' with it`)
  return { read: read as ReadForeign }
}
