/*
 * The facts that a chaos run leaves in its folder, and all that the checker may know. Types only: nothing of the framework
 * is imported, and none of its code is trusted.
 *
 *   run.json            RunFacts         written last: where it is missing, the run did not end and nothing can be judged
 *   history.ndjson      HistoryEntry     what clients asked for and were answered, by time
 *   events.ndjson       EventFact        all of the store's events, by position
 *   topics.json         TopicFact[]      each partition of each topic of the app, dead letters included
 *   records.ndjson      RecordFact       a full read of those topics, by topic, partition, offset
 *   reading.json        ReadingFacts     read models with checkpoints, guards and letters, from ONE snapshot
 *   samples.ndjson      SampleFact       about one per second
 *   effects.ndjson      EffectFact       what effect handlers did to the world outside; empty without effects
 *   timeline.ndjson     TimelineFact     phases, faults, processes, planted records
 *
 * NDJSON: one object per line. Times are milliseconds since 1970 by the harness's machine (all processes run on one).
 * Whole numbers that may be large (positions, offsets, amounts of money) are strings of digits. Bytes are base64.
 */

export const FACTS_FORMAT = 1

export interface RunFacts {
  readonly format: typeof FACTS_FORMAT
  readonly log: 'postgres' | 'kafka'
  readonly seed: number
  readonly seconds: number
  /** The nemeses that took part. */
  readonly mix: readonly string[]
  /** The planted fault that the processes ran with. */
  readonly planted: string | null
  /** The command that does it again. */
  readonly repro: string
  readonly commit: string
  readonly versions: Readonly<Record<string, string>>
  /** Milliseconds of a lease. */
  readonly lease: number
  /** Whether the read side is in a database of its own: sums over both are then taken from two snapshots. */
  readonly separateDatabases: boolean
  readonly bank: BankFacts
  readonly startedAt: number
  /** From when to when faults were injected; the load goes on from startedAt to loadEndedAt. */
  readonly faultsFrom: number
  readonly healedAt: number
  readonly loadEndedAt: number
  /** When outbox and every projection were level first after healing; null: they did not become so in time. */
  readonly levelAt: number | null
  readonly endedAt: number
  /** Milliseconds after healedAt within which the backlog had to drain. */
  readonly recoveryLimit: number
  /** Of one process, in bytes. */
  readonly rssLimit: number
  /** To the databases, of all processes together. */
  readonly connectionLimit: number
  /** Faults of each kind that had effect, and those that had none (nothing to hit), by name. */
  readonly injected: Readonly<Record<string, number>>
  readonly skipped: Readonly<Record<string, string>>
}

export interface BankFacts {
  readonly accounts: readonly string[]
  readonly lists: readonly string[]
  /** What each account was granted when it was opened. */
  readonly grant: string
  /** Sum of all balances once every account is open; it never changes after that. */
  readonly total: string
  /** No balance may fall below it. */
  readonly lowestBalance: string
}

/*
 * The domain. Events with their payloads as JSON (longs as strings of digits or numbers: take both):
 *
 *   account  AccountOpened   { owner, grant }                       balance = grant
 *            MoneyWithdrawn  { amount, transferId, bookedOn }       balance -= amount
 *            MoneyDeposited  { amount, transferId, bookedOn }       balance += amount; the same transferId, same commit
 *            NoteWritten     { text, mark? }                        no money; some are large; a mark makes a handler throw
 *   list     ItemAppended    { item }
 *
 * Read models (ReadingFacts.projections[].tables), rows as JSON with longs as strings:
 *
 *   balances   balances         { account_id, balance, entries }    entries = events of the account, notes included
 *   statements statement_lines  { applied, event_id, account_id, version, type, amount, order_hash }
 *              a line per applied event and no unique index: one applied twice has two lines. applied counts up in the
 *              order of application. amount is signed, 0 for notes. order_hash = sha256 hex of
 *              `<order_hash of the account's line before, or ''>|<version>|<type>|<amount>`
 *   totals     totals           { day_and_operation, entries, amount }   key `<bookedOn> <type>` of deposits and withdrawals
 *   lists      lists            { list_id, entries, items }         items: joined with ','
 *   ledger     ledger           { ledger, entries, amount, order_hash }  one row 'all': deposits and withdrawals in the order
 *              of positions; amount: signed sum; order_hash = sha256 hex of `<order_hash before or ''>|<eventId>`
 *   funds      funds            { account_id, balance }             written in the append's own transaction (inline);
 *                                                                   missing where separateDatabases
 *
 * Effects, fed as projections are and with no tables (EffectFact):
 *
 *   mail       acts on each ItemAppended, under the key `<app>.mail:<event id>`
 *
 * With letters: an event that waits in a letter is not applied, all others are. statements (per stream), totals and balances
 * skip exactly the letters' events. A discard is not applied either.
 */

export interface HistoryEntry {
  readonly at: number
  readonly process: string
  /** Counts the lives of the process of this name. */
  readonly life: number
  /** One call; invoke and its outcome share it. Unique with process and life. An invoke without outcome is 'unknown'. */
  readonly call: number
  readonly phase: 'invoke' | 'ok' | 'fail' | 'unknown'
  readonly operation: 'open' | 'transfer' | 'note' | 'append' | 'rejected'
  /** Of all commands of the call, and of a repetition of the call. Events carry it as metadata.commandId. */
  readonly commandId: string
  /** Which try this is under this command id: 1, 2, … possibly by another life. */
  readonly attempt: number
  /** One, or several that are executed as one. */
  readonly commands: readonly CommandFact[]
  /** ok: every stream that was appended to, in the order of the commands. */
  readonly streams?: readonly StreamReceipt[]
  /** fail: the domain rejected it, so nothing of it may be stored. unknown: it may have happened or not. */
  readonly error?: { readonly name: string; readonly code?: string; readonly message: string }
}

export interface CommandFact {
  readonly type: string
  readonly streamType: string
  readonly streamId: string
  /** The fields of the command; longs as strings, texts over 100 characters as `sha256:<hex>`. */
  readonly fields: Readonly<Record<string, string>>
  /** Events that it appends when it is accepted, in order: AccountOpened, MoneyWithdrawn, … */
  readonly events: readonly string[]
}

export interface StreamReceipt {
  /** `<type>-<id>` */
  readonly stream: string
  /** Of the stream after the call. */
  readonly version: number
}

export interface EventFact {
  readonly position: string
  readonly streamType: string
  readonly streamId: string
  readonly version: number
  readonly eventId: string
  readonly type: string
  readonly schemaVersion: number
  /** JSON text exactly as the store gives it; the bytes of a topic record's value are this text in UTF-8. */
  readonly payload: string
  readonly metadata: { readonly commandId: string; readonly [name: string]: unknown }
  readonly occurredAt: number
  readonly recordedAt: number
}

export interface TopicFact {
  readonly topic: string
  readonly partition: number
  readonly earliest: string
  /** One beyond the last record. */
  readonly end: string
}

export interface RecordFact {
  readonly topic: string
  readonly partition: number
  readonly offset: string
  readonly key: string
  /** ce_id: event id. ce_sequence: version, 19 digits. ce_type, ce_source `/<app>/<stream type>`, ce_subject: stream id. */
  readonly headers: Readonly<Record<string, string>>
  /** null: a tombstone, or (Postgres log) a record whose event is gone. */
  readonly value: string | null
  readonly timestamp: number
}

export interface ReadingFacts {
  readonly takenAt: number
  readonly projections: readonly ProjectionFact[]
}

export interface ProjectionFact {
  readonly name: string
  readonly generation: number
  readonly live: boolean
  /** 'stream': a guard per stream. 'ordered': one lane over the store, its checkpoint is a position. 'inline': neither. */
  readonly follows: 'stream' | 'ordered' | 'inline'
  readonly state: string
  readonly failure: string | null
  readonly checkpoints: readonly CheckpointFact[]
  readonly guards: readonly { readonly stream: string; readonly version: number }[]
  /** In the order of their ids. */
  readonly letters: readonly LetterFact[]
  /** Ids of events given up for good, or topic/partition@offset. */
  readonly discards: readonly string[]
  readonly tables: Readonly<Record<string, readonly Readonly<Record<string, unknown>>[]>>
}

export interface CheckpointFact {
  /** `store:<app>` for ordered ones. */
  readonly topic: string
  readonly partition: number
  readonly nextOffset: string
  readonly epoch: string
}

export interface LetterFact {
  readonly id: string
  /** null: parked alone, holds nothing back. */
  readonly sequenceKey: string | null
  readonly topic: string
  readonly partition: number
  readonly offset: string
  readonly eventId: string | null
  readonly stream: string | null
  readonly version: number | null
  readonly type: string | null
  readonly errorClass: 'contract' | 'handler' | 'waiting'
  readonly errorMessage: string | null
  readonly attempts: number
  readonly headers: Readonly<Record<string, string>>
  /** base64 */
  readonly value: string | null
}

/** What could not be asked (a database was down) is null. */
export interface SampleFact {
  readonly at: number
  /** Sum of all balances in one snapshot of the store (null too while accounts are being opened). */
  readonly total: string | null
  /** In one snapshot, only where both sides are in one database: of `balances`, of events beyond its guards, of its letters. */
  readonly readTotal: string | null
  readonly inFlight: string | null
  readonly parkedAmount: string | null
  /** The lowest balance that a read model showed. */
  readonly lowest: string | null
  readonly stored: number | null
  readonly outbox: number | null
  /** Rows of the outbox that were refused and parked. */
  readonly outboxParked: number | null
  /** Milliseconds. */
  readonly oldestOutbox: number | null
  /** Events by projection that are in the store and not in its guards or behind its checkpoint. */
  readonly lag: Readonly<Record<string, number>> | null
  readonly letters: Readonly<Record<string, number>> | null
  readonly checkpoints:
    readonly (CheckpointFact & { readonly projection: string; readonly generation: number })[] | null
  /** Sum of the epochs of the relays' slots: it rises by one with each takeover of one. */
  readonly slotEpochs: string | null
  /** Connections to the databases. */
  readonly connections: number | null
  readonly processes: readonly ProcessSample[]
}

export interface ProcessSample {
  readonly name: string
  readonly life: number
  readonly pid: number
  readonly state: 'running' | 'paused' | 'dead'
  /** Bytes; 0 where it is dead. */
  readonly rss: number
  /** What it answers of itself; null where it is not asked or does not answer. */
  readonly ready: boolean | null
  readonly health?: unknown
}

export interface EffectFact {
  readonly at: number
  readonly process: string
  readonly life: number
  readonly effect: string
  readonly idempotencyKey: string
  readonly eventId: string
  /** False: the key was known to the world outside, so nothing was done again. */
  readonly effective: boolean
}

export type TimelineFact =
  | {
      readonly at: number
      readonly event: 'phase'
      /** quiet and faults alternate between load and healed. */
      readonly phase:
        'setup' | 'load' | 'quiet' | 'faults' | 'healed' | 'load-ended' | 'level' | 'dump' | 'end'
    }
  | {
      readonly at: number
      readonly event: 'fault-begin' | 'fault-end'
      /** Shared by begin and end. */
      readonly id: number
      /** Such as 'kill', 'pause', 'term', 'pg-immediate', 'pg-terminate', 'broker-kill', 'cut', 'half-open', 'delay'. */
      readonly fault: string
      /** A process' name, 'postgres', 'broker', 'postgres-proxy', …  */
      readonly target: string
      readonly detail?: Readonly<Record<string, unknown>>
    }
  | {
      readonly at: number
      readonly event: 'process-start' | 'process-ready' | 'process-exit'
      readonly process: string
      readonly role: string
      readonly life: number
      readonly pid: number
      /** exit: its code or signal. */
      readonly how?: string
    }
  | {
      readonly at: number
      /** A record that the harness itself put into a topic: no event's. */
      readonly event: 'planted-record'
      readonly name: string
      readonly topic: string
      readonly key: string
      readonly headers: Readonly<Record<string, string>>
      readonly value: string | null
      /** Where it went, if the log said so. */
      readonly partition?: number
      readonly offset?: string
    }
  | {
      readonly at: number
      /** Something that a person wants to know beside the curve. */
      readonly event: 'note'
      readonly text: string
    }
