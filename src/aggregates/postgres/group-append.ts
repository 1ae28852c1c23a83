import type { Transaction } from 'kysely'
import { CommandRejected } from '../../core/errors/index.js'
import type {
  AppendOutcome,
  AppendRequest,
  Head,
  NewEvent,
  StreamGuard,
  StreamVersion,
} from '../../core/ports/event-store.js'
import type { InlineProjections } from '../../core/ports/inline-projections.js'
import type { Routing } from '../../core/ports/routing.js'
import { expectationHolds, type StreamRef } from '../../core/stream.js'
import type { Session, Statement } from '../../postgres/session.js'
import { storedEventOfText, type StoredEventTextRow } from '../../postgres/stored-event-row.js'
import {
  appendGroupStatement,
  asStoredStatement,
  forgetHeadsStatement,
  lockHeadsStatement,
} from './group-statements.js'
import { headsOf, headsParameters, type HeadRow, headsStatement, othersOf } from './heads.js'
import { ReservedValues } from './reserved-values.js'

type Inline = InlineProjections<Transaction<unknown>>

/**
 * Appends a request of any kind, inside a transaction that its caller keeps if the outcome is `appended` and undoes else.
 *
 * Everybody locks in one order, so that nobody waits in a circle: order locks by stream type; heads by type and id, those
 * of guards among them; reserved values; then what inline projections lock. Only then positions are drawn. A guard's head
 * is locked like any other, since two kinds of locks could not be taken in one sorted pass; one that does not exist is
 * made, so that a stream which must not exist cannot come into being, and removed again before the end.
 */
export class GroupAppend {
  readonly #routing: Routing
  readonly #inline: Inline | undefined
  readonly #values: ReservedValues
  readonly #sql: Readonly<Record<'lock' | 'heads' | 'asStored' | 'append' | 'forget', Statement>>

  constructor(store: string, routing: Routing, inline: Inline | undefined) {
    this.#routing = routing
    this.#inline = inline
    this.#values = new ReservedValues(store)
    this.#sql = {
      lock: lockHeadsStatement(store),
      heads: headsStatement(store),
      asStored: asStoredStatement(),
      append: appendGroupStatement(store),
      forget: forgetHeadsStatement(store),
    }
  }

  async append(session: Session, request: AppendRequest): Promise<AppendOutcome> {
    const made = await this.#lockHeads(session, request)
    const refusal =
      (await this.#refusal(session, request)) ?? (await this.#values.change(session, request.streams))
    if (refusal !== undefined) return refusal
    const events = eventsOf(request)
    const applied = await this.#applyInline(session, events)
    if (applied instanceof CommandRejected) return { outcome: 'refused', rejection: applied }
    await this.#write(session, request, events, applied?.recordedAt)
    await this.#forgetGuarded(session, made, request)
    return { outcome: 'appended', streams: request.streams.map(versionAfter) }
  }

  /** The heads that were not there. */
  async #lockHeads(session: Session, { streams, guards }: AppendRequest): Promise<readonly StreamRef[]> {
    const guarded = guards.filter(({ expected }) => expected !== 'any')
    const heads = sorted([...streams, ...guarded].map(({ stream }) => stream))
    const types = [...new Set(streams.map(({ stream }) => stream.type))].sort()
    return session.query<StreamRef>(this.#sql.lock, [
      types,
      heads.map(({ type }) => type),
      heads.map(({ id }) => id),
    ])
  }

  /** Why the request cannot be appended to its streams as they are now, beneath their locks. */
  async #refusal(
    session: Session,
    { commandId, streams, guards }: AppendRequest,
  ): Promise<AppendOutcome | undefined> {
    const asked = [...streams, ...guards].map(({ stream }) => stream)
    const rows = await session.query<HeadRow>(this.#sql.heads, headsParameters(asked, commandId))
    const { heads, result } = headsOf(rows, asked)
    if (result !== undefined) return { outcome: 'known', result }
    const closed = streams.find((_, index) => heads[index]?.closed)
    if (closed !== undefined) return { outcome: 'closed', stream: closed.stream }
    return conflictOf(
      [...streams.map(({ stream, expectedVersion: expected }) => ({ stream, expected })), ...guards],
      heads,
    )
  }

  /**
   * Before positions are drawn: whoever waits for another append's rows has its own positions after that one's. So the
   * order of positions, in which a rebuild reads, is one in which their events can be applied.
   */
  async #applyInline(
    session: Session,
    events: readonly AppendedEvent[],
  ): Promise<{ readonly recordedAt: Date } | CommandRejected | undefined> {
    const inline = this.#inline
    const read = events.filter(({ stream }) => inline?.streamTypes.has(stream.type))
    if (inline === undefined || read.length === 0) return undefined
    const rows = await session.query<StoredEventTextRow>(this.#sql.asStored, columnsOf(read))
    const stored = rows.map(storedEventOfText)
    try {
      await session.withKysely((tx) => inline.apply(tx, stored))
      return stored[0]
    } catch (error) {
      if (error instanceof CommandRejected) return error
      throw error
    }
  }

  /** `recordedAt` is what inline projections were told; else each event has the time at which it is stored. */
  async #write(
    session: Session,
    { commandId, fingerprint, streams }: AppendRequest,
    events: readonly AppendedEvent[],
    recordedAt: Date | undefined,
  ): Promise<void> {
    const routes = streams.map(({ stream }) => this.#routing(stream))
    await session.query(this.#sql.append, [
      commandId,
      fingerprint,
      othersOf(streams.map(versionAfter)),
      streams.map(({ stream }) => stream.type),
      streams.map(({ stream }) => stream.id),
      streams.map((it) => versionAfter(it).version),
      streams.map(({ closes }) => closes),
      routes.map(({ topic }) => topic),
      routes.map(({ key }) => key),
      routes.map(({ slot }) => slot),
      ...columnsOf(events),
      this.#inline?.names ?? [],
      recordedAt?.toISOString() ?? null,
    ])
  }

  async #forgetGuarded(
    session: Session,
    made: readonly StreamRef[],
    { streams }: AppendRequest,
  ): Promise<void> {
    const guarded = made.filter((head) => !streams.some(({ stream }) => areSame(stream, head)))
    if (guarded.length === 0) return
    await session.query(this.#sql.forget, [guarded.map(({ type }) => type), guarded.map(({ id }) => id)])
  }
}

type AppendedEvent = NewEvent & { readonly stream: StreamRef; readonly version: number }

const eventsOf = ({ streams }: AppendRequest): readonly AppendedEvent[] =>
  streams.flatMap(({ stream, expectedVersion, events }) =>
    events.map((event, index) => ({ ...event, stream, version: expectedVersion + index + 1 })),
  )

/** One parameter for each of what the statements are told about events. */
const columnsOf = (events: readonly AppendedEvent[]): readonly (readonly unknown[])[] => [
  events.map(({ stream }) => stream.type),
  events.map(({ stream }) => stream.id),
  events.map(({ version }) => version),
  events.map(({ eventId }) => eventId),
  events.map(({ type }) => type),
  events.map(({ schemaVersion }) => schemaVersion),
  events.map(({ payload }) => payload),
  events.map(({ metadata }) => JSON.stringify(metadata)),
  events.map(({ occurredAt }) => occurredAt.toISOString()),
]

function conflictOf(expectations: readonly StreamGuard[], heads: readonly Head[]): AppendOutcome | undefined {
  for (const [index, { stream, expected }] of expectations.entries()) {
    const actualVersion = heads[index]?.version ?? 0
    if (!expectationHolds(expected, actualVersion))
      return { outcome: 'conflict', stream, expected, actualVersion }
  }
  return undefined
}

const versionAfter = ({
  stream,
  expectedVersion,
  events,
}: AppendRequest['streams'][number]): StreamVersion => ({ stream, version: expectedVersion + events.length })

/** Each stream once, in the order in which everybody locks them. */
function sorted(streams: readonly StreamRef[]): readonly StreamRef[] {
  const byName = new Map(streams.map((stream) => [JSON.stringify([stream.type, stream.id]), stream]))
  return [...byName].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, stream]) => stream)
}

const areSame = (a: StreamRef, b: StreamRef): boolean => a.type === b.type && a.id === b.id
