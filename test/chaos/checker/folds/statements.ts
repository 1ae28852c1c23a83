import { createHash } from 'node:crypto'
import type { EventFact } from '../../facts.js'
import { grouped } from '../evidence.js'
import { amountOf, type Fold, isOfAccount, type Mismatch, type Rows, whole } from './fold.js'

/**
 * A line per applied event, each with a hash over those before it: what was applied in another order shows for good, also
 * where the sums agree again. A line that is there twice is not this fold's concern.
 */
export const statements: Fold = {
  table: 'statement_lines',
  mismatches(applied, rows) {
    const expected = grouped(applied.filter(isOfAccount), ({ streamId }) => streamId)
    const found = grouped(rows, (row) => String(row['account_id']))
    return [...new Set([...expected.keys(), ...found.keys()])].flatMap((account) => {
      const lines = (found.get(account) ?? []).toSorted((a, b) =>
        whole(a['applied']) < whole(b['applied']) ? -1 : 1,
      )
      return [
        ...setMismatches(account, expected.get(account) ?? [], lines),
        ...chainMismatches(account, expected.get(account) ?? [], lines),
      ]
    })
  },
}

function setMismatches(account: string, events: readonly EventFact[], lines: Rows): readonly Mismatch[] {
  const shown = new Set(lines.map((line) => String(line['event_id'])))
  const due = new Set(events.map(({ eventId }) => eventId))
  const absent = events.filter(({ eventId }) => !shown.has(eventId))
  const [firstAbsent] = absent
  const strange = [...shown].filter((id) => !due.has(id))
  return [
    ...(firstAbsent === undefined
      ? []
      : [
          {
            what: `statement of ${account} lacks ${absent.length} applied events, the first of version ${firstAbsent.version}`,
            event: firstAbsent,
            weight: absent.length,
          },
        ]),
    ...(strange.length === 0
      ? []
      : [
          {
            what: `statement of ${account} has lines of ${strange.length} events that it did not apply: ${String(strange[0])}`,
            weight: strange.length,
          },
        ]),
  ]
}

function chainMismatches(account: string, events: readonly EventFact[], lines: Rows): readonly Mismatch[] {
  const byId = new Map(events.map((event) => [event.eventId, event]))
  let hash = ''
  let version = 0
  for (const line of lines) {
    const event = byId.get(String(line['event_id']))
    if (event === undefined) return []
    const wrong = wrongIn(line, event, version, hash)
    if (wrong !== undefined)
      return [
        {
          what: `statement of ${account}, line ${String(line['applied'])} (version ${event.version}): ${wrong}`,
          event,
          weight: 1,
        },
      ]
    version = event.version
    hash = String(line['order_hash'])
  }
  return []
}

function wrongIn(line: Rows[number], event: EventFact, before: number, hash: string): string | undefined {
  if (event.version < before) return `applied after version ${before}`
  if (Number(line['version']) !== event.version) return `shows version ${String(line['version'])}`
  if (whole(line['amount']) !== amountOf(event))
    return `shows amount ${String(line['amount'])}, its event ${amountOf(event)}`
  const chained = hashOf(`${hash}|${event.version}|${event.type}|${amountOf(event)}`)
  return line['order_hash'] === chained ? undefined : 'its hash does not follow from the line before'
}

export const hashOf = (text: string): string => createHash('sha256').update(text).digest('hex')
