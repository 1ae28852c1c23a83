import type { Transaction } from 'kysely'
import type { Pool } from 'pg'
import type { StoredEvent } from '../../core/envelope.js'
import type { CallersTransaction } from '../../core/ports/callers-transaction.js'
import type {
  AppendOutcome,
  AppendRequest,
  EventStore,
  HeadsAndResult,
  LoadOptions,
  StreamAppend,
} from '../../core/ports/event-store.js'
import { type Failpoints, noFailpoints } from '../../core/ports/failpoints.js'
import type { InlineProjections } from '../../core/ports/inline-projections.js'
import type { Routing } from '../../core/ports/routing.js'
import type { StreamRef } from '../../core/stream.js'
import { callerSession } from '../../postgres/caller-session.js'
import { ClientSession } from '../../postgres/client-session.js'
import { inTransaction } from '../../postgres/pool.js'
import { Savepoints } from '../../postgres/savepoints.js'
import { quoted } from '../../postgres/schemas.js'
import type { Statement } from '../../postgres/session.js'
import {
  STORED_EVENT_COLUMNS,
  STORED_EVENT_COLUMNS_AS_TEXT,
  storedEventOf,
  storedEventOfText,
  type StoredEventRow,
  type StoredEventTextRow,
} from '../../postgres/stored-event-row.js'
import { appendStatement } from './append-statement.js'
import { CallersDatabase } from './callers-database.js'
import { GroupAppend } from './group-append.js'
import { headsOf, headsParameters, type HeadRow, headsStatement } from './heads.js'
import { isTakenCommandId } from './taken-command-id.js'
import { appendFailure } from './unknown-inline.js'

export interface PostgresEventStoreOptions {
  /** Written in the transaction of each append that they read. */
  readonly inline?: InlineProjections<Transaction<unknown>> | undefined
  /** @defaultValue goes on at each */
  readonly failpoints?: Failpoints
}

/**
 * The event store in Postgres. Each request of an append is a transaction of its own, over the pool's connections: one
 * statement for a command on one stream that asks for nothing more, a few for any other.
 */
export class PostgresEventStore implements EventStore {
  readonly #pool: Pool
  readonly #store: string
  readonly #routing: Routing
  readonly #inline: InlineProjections<Transaction<unknown>> | undefined
  readonly #failpoints: Failpoints
  readonly #group: GroupAppend
  readonly #savepoints = new Savepoints()
  readonly #callersDatabase: CallersDatabase
  readonly #sql: {
    readonly append: Statement
    readonly load: Statement
    readonly loadAsText: Statement
    readonly heads: Statement
  }

  constructor(pool: Pool, store: string, routing: Routing, options: PostgresEventStoreOptions = {}) {
    const { inline, failpoints = noFailpoints } = options
    this.#pool = pool
    this.#store = store
    this.#routing = routing
    this.#inline = inline
    this.#failpoints = failpoints
    this.#group = new GroupAppend(store, routing, inline)
    this.#callersDatabase = new CallersDatabase(pool, store)
    this.#sql = {
      append: { name: 'reprise-append', text: appendStatement(store) },
      load: { name: 'reprise-load', text: loadStatement(store, STORED_EVENT_COLUMNS) },
      loadAsText: { name: 'reprise-load-as-text', text: loadStatement(store, STORED_EVENT_COLUMNS_AS_TEXT) },
      heads: headsStatement(store),
    }
  }

  async append(requests: readonly AppendRequest[]): Promise<readonly AppendOutcome[]> {
    await this.#failpoints.reach('append:before')
    const outcomes = await Promise.all(
      requests.map((request) => {
        const single = this.#singleOf(request)
        return single === undefined ? this.#appendGroup(request) : this.#appendSingle(request, single)
      }),
    )
    await this.#failpoints.reach('append:after')
    return outcomes
  }

  /** @throws {@link InvalidValue} when `tx` is not inside a transaction, or not on the database of the store */
  async appendWithin(tx: CallersTransaction, request: AppendRequest): Promise<AppendOutcome> {
    const session = callerSession(tx)
    const append = async (): Promise<AppendOutcome> => {
      await this.#callersDatabase.require(tx, session)
      return this.#group.append(session, request)
    }
    try {
      return await this.#savepoints.run(tx, session, append, isAppended)
    } catch (error) {
      if (!isTakenCommandId(error, this.#store)) throw appendFailure(error, request)
      return this.#knownOr(error, request, tx)
    }
  }

  async requireWithin(tx: CallersTransaction): Promise<void> {
    const session = callerSession(tx)
    if (this.#callersDatabase.knows(tx)) return
    const look = (): Promise<void> => this.#callersDatabase.require(tx, session)
    await this.#savepoints.run(tx, session, look, () => false)
  }

  async load(stream: StreamRef, { afterVersion = 0, tx }: LoadOptions = {}): Promise<readonly StoredEvent[]> {
    const values = [stream.type, stream.id, afterVersion]
    if (tx !== undefined) {
      const rows = await callerSession(tx).query<StoredEventTextRow>(this.#sql.loadAsText, values)
      return rows.map(storedEventOfText)
    }
    const { rows } = await this.#pool.query<StoredEventRow>({ ...this.#sql.load, values })
    return rows.map(storedEventOf)
  }

  async headsAndResult(
    streams: readonly StreamRef[],
    commandId: string,
    tx?: CallersTransaction,
  ): Promise<HeadsAndResult> {
    const values = headsParameters(streams, commandId)
    const rows =
      tx === undefined
        ? (await this.#pool.query<HeadRow>({ ...this.#sql.heads, values: [...values] })).rows
        : await callerSession(tx).query<HeadRow>(this.#sql.heads, values)
    return headsOf(rows, streams)
  }

  /** The request's stream, where one statement does all that is asked for. */
  #singleOf({ streams, guards }: AppendRequest): StreamAppend | undefined {
    const [only, ...others] = streams
    if (only === undefined || others.length > 0 || guards.length > 0) return undefined
    if (only.closes || only.reservations.length > 0) return undefined
    return this.#inline?.streamTypes.has(only.stream.type) === true ? undefined : only
  }

  async #appendSingle(request: AppendRequest, single: StreamAppend): Promise<AppendOutcome> {
    const { stream, expectedVersion: expected } = single
    const version = await this.#tryAppend(request, single)
    if (version !== undefined) return { outcome: 'appended', streams: [{ stream, version }] }
    const { heads, result } = await this.headsAndResult([stream], request.commandId)
    if (result !== undefined) return { outcome: 'known', result }
    if (heads[0]?.closed === true) return { outcome: 'closed', stream }
    return { outcome: 'conflict', stream, expected, actualVersion: heads[0]?.version ?? 0 }
  }

  async #tryAppend(
    request: AppendRequest,
    { stream, expectedVersion, events }: StreamAppend,
  ): Promise<number | undefined> {
    const { commandId, fingerprint } = request
    const { topic, key, slot } = this.#routing(stream)
    const values = [
      commandId,
      fingerprint,
      stream.type,
      stream.id,
      expectedVersion,
      topic,
      key,
      slot,
      events.map((event) => event.eventId),
      events.map((event) => event.type),
      events.map((event) => event.schemaVersion),
      events.map((event) => event.payload),
      events.map((event) => JSON.stringify(event.metadata)),
      // The driver would write a Date in the process's zone, which can cost an old one its seconds.
      events.map((event) => event.occurredAt.toISOString()),
    ]
    try {
      const { rows } = await this.#pool.query<{ version: bigint }>({ ...this.#sql.append, values })
      return rows[0] === undefined ? undefined : Number(rows[0].version)
    } catch (error) {
      // The same command id was committed between this statement's snapshot and its insert: it lost like any other.
      if (isTakenCommandId(error, this.#store)) return undefined
      throw appendFailure(error, request)
    }
  }

  async #appendGroup(request: AppendRequest): Promise<AppendOutcome> {
    try {
      return await inTransaction(
        this.#pool,
        async (client) => {
          const outcome = await this.#group.append(new ClientSession(client, { prepares: true }), request)
          await this.#failpoints.reach('append:in')
          return outcome
        },
        BEGIN,
        isAppended,
      )
    } catch (error) {
      if (!isTakenCommandId(error, this.#store)) throw appendFailure(error, request)
      return this.#knownOr(error, request)
    }
  }

  /** What its twin came to, where this transaction can see that; one with a snapshot of its own may not. */
  async #knownOr(
    error: unknown,
    { commandId }: AppendRequest,
    tx?: CallersTransaction,
  ): Promise<AppendOutcome> {
    const { result } = await this.headsAndResult([], commandId, tx)
    if (result === undefined) throw error
    return { outcome: 'known', result }
  }
}

/** Each statement must see what was committed while it, or the one before it, waited for a lock. */
const BEGIN = 'BEGIN ISOLATION LEVEL READ COMMITTED'

const isAppended = ({ outcome }: AppendOutcome): boolean => outcome === 'appended'

/** $1 stream type, $2 stream id, $3 version to start after. */
const loadStatement = (store: string, columns: string): string => `
SELECT ${columns} FROM ${quoted(store)}.events e
WHERE e.stream_type = $1 AND e.stream_id = $2 AND e.version > $3
ORDER BY e.version`
