// What the example's tables must say, checked by the database against the events, without the framework.
import { ask } from './read-side.js'

/** Sums over all accounts, as one snapshot shows them. Numbers of 64 bits come as text. */
export interface Books {
  readonly bookings: number
  /** Pairs of a transfer of which one half is missing: there are none, ever. */
  readonly halves: number
  readonly overdrawn: number
  readonly byEvents: string
  readonly byBalances: string
  readonly byLedger: string
  /** Entries whose number or balance does not follow from those before: there are none, ever. */
  readonly wrongEntries: number
}

export const BOOKS = `
WITH bookings AS (
  SELECT stream_id, payload->>'operation' AS operation,
         (CASE type WHEN 'DebitBooked' THEN -1 ELSE 1 END) * (payload->>'amount')::bigint AS amount,
         metadata->>'correlationId' AS correlation_id
  FROM banking_store.events WHERE type IN ('CreditBooked', 'DebitBooked')),
transfers AS (
  SELECT count(*) AS entries, sum(amount) AS amount, count(DISTINCT stream_id) AS accounts FROM bookings
  WHERE operation IN ('transferIn', 'transferOut') GROUP BY correlation_id)
SELECT
  (SELECT count(*)::int FROM bookings) AS bookings,
  (SELECT count(*)::int FROM transfers WHERE (entries, amount, accounts) <> (2, 0, 2)) AS halves,
  (SELECT count(*)::int FROM (SELECT FROM bookings GROUP BY stream_id HAVING sum(amount) < 0) below) AS overdrawn,
  (SELECT sum(amount)::text FROM bookings) AS "byEvents",
  (SELECT sum(balance)::text FROM banking.balances) AS "byBalances",
  (SELECT balance_after::text FROM banking.ledger_entries ORDER BY entry DESC LIMIT 1) AS "byLedger",
  (SELECT count(*)::int FROM (
     SELECT entry, balance_after, row_number() OVER entries AS number, sum(amount) OVER entries AS running
     FROM banking.ledger_entries WINDOW entries AS (ORDER BY entry)) ledger
   WHERE entry <> number OR balance_after <> running) AS "wrongEntries"`

/** The turnover of each day and operation, as the events have it. */
export const dailyTotalsOfEvents = (url: string) =>
  ask(
    url,
    `SELECT payload->>'bookedOn' AS day, coalesce(payload->>'operation', 'bank') AS operation,
            coalesce(sum((payload->>'amount')::bigint) FILTER (WHERE type = 'CreditBooked'), 0)::text AS credited,
            coalesce(sum((payload->>'amount')::bigint) FILTER (WHERE type = 'DebitBooked'), 0)::text AS debited,
            count(*)::int AS bookings
     FROM banking_store.events WHERE type IN ('CreditBooked', 'DebitBooked') GROUP BY 1, 2 ORDER BY 1, 2`,
  )

/** The same as the read model shows it. */
export const dailyTotalsShown = (url: string) =>
  ask(
    url,
    `SELECT day::text, operation, credited::text, debited::text, bookings FROM banking.daily_totals ORDER BY 1, 2`,
  )

/** Entries of the ledger that are not the booking of the same number in the order of the store. */
export const entriesOutOfOrder = (url: string) =>
  ask(
    url,
    `SELECT entry, account_number, amount, stored.* FROM banking.ledger_entries FULL JOIN (
       SELECT row_number() OVER (ORDER BY position) AS number, stream_id,
              (CASE type WHEN 'DebitBooked' THEN -1 ELSE 1 END) * (payload->>'amount')::bigint AS stored_amount
       FROM banking_store.events WHERE type IN ('CreditBooked', 'DebitBooked')) stored ON number = entry
     WHERE (account_number, amount) IS DISTINCT FROM (stream_id, stored_amount)`,
  )
