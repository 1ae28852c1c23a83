import type { EventFact, RecordFact } from '../../facts.js'
import type { Facts } from '../facts.js'
import { readBreakages } from './read-breakages.js'
import { theFirst, type Writable } from './writable.js'

/** Something made wrong in facts that were right. */
export interface Breakage {
  readonly what: string
  /** The invariants that this violates: all of them, and no others. */
  readonly violates: readonly string[]
  readonly log?: 'postgres'
  break(facts: Writable<Facts>): void
}

const isAcknowledged = (facts: Writable<Facts>, { metadata }: Pick<EventFact, 'metadata'>): boolean =>
  facts.history.some(({ phase, commandId }) => phase === 'ok' && commandId === metadata.commandId)

/** The records of an event, in the order of the topic. */
const recordsOf = (facts: Writable<Facts>, eventId: string): Writable<RecordFact>[] =>
  facts.records.filter(({ topic, headers }) => !topic.endsWith('.DLT') && headers['ce_id'] === eventId)

/** A note that stands between two other events of its account: no money depends on it. */
const quietNote = (facts: Writable<Facts>) =>
  theFirst(
    facts.events,
    (event) =>
      event.type === 'NoteWritten' && !event.payload.includes('mark') && isAcknowledged(facts, event),
  )

/** Takes an event out of everything, as if it had never been there. */
function forget(facts: Writable<Facts>, eventId: string): void {
  facts.events = facts.events.filter((event) => event.eventId !== eventId)
}

const swapContents = (one: Writable<RecordFact>, other: Writable<RecordFact>): void => {
  const { offset } = one
  one.offset = other.offset
  other.offset = offset
}

const writeBreakages: readonly Breakage[] = [
  {
    what: 'an acknowledged command is stored under another id',
    violates: ['I1'],
    break: (facts) => void (quietNote(facts).metadata.commandId = 'command-of-nobody'),
  },
  {
    what: 'a refused command left an event behind',
    violates: ['I1'],
    break(facts) {
      const refused = theFirst(facts.history, ({ phase }) => phase === 'fail')
      quietNote(facts).metadata.commandId = refused.commandId
    },
  },
  {
    what: 'a retry was answered with another version than the first try',
    violates: ['I1'],
    break(facts) {
      const retry = theFirst(facts.history, ({ phase, attempt }) => phase === 'ok' && attempt === 2)
      theFirst(retry.streams ?? []).version += 1
    },
  },
  {
    what: 'a command was refused after it had been acknowledged',
    violates: ['I1'],
    break(facts) {
      const ok = theFirst(facts.history, ({ phase }) => phase === 'ok')
      const again = { ...ok, at: ok.at + 5, call: 999_999, attempt: 2, phase: 'invoke' as const }
      facts.history.push(again, { ...again, at: ok.at + 6, phase: 'fail' })
    },
  },
  {
    what: 'a stream has a version twice',
    violates: ['I2'],
    break(facts) {
      // Of a list, whose name is nowhere else: only the count of versions is wrong.
      const [first, second] = facts.events.filter(({ streamId }) => streamId === 'l0')
      if (first === undefined || second === undefined) throw new Error('the list is too short')
      second.version = first.version
      for (const record of recordsOf(facts, second.eventId))
        record.headers['ce_sequence'] = '1'.padStart(19, '0')
      for (const entry of facts.history)
        if (entry.commandId === second.metadata.commandId)
          for (const receipt of entry.streams ?? []) receipt.version = first.version
    },
  },
  {
    what: 'a later version has a lower position',
    violates: ['I2'],
    break(facts) {
      const [first, second] = facts.events.filter(({ streamId }) => streamId === 'l0')
      if (first === undefined || second === undefined) throw new Error('the list is too short')
      const { position } = first
      first.position = second.position
      second.position = position
    },
  },
  {
    what: 'an event is in no topic',
    violates: ['I3'],
    break(facts) {
      const eventId = quietNote(facts).eventId
      facts.records = facts.records.filter(({ headers }) => headers['ce_id'] !== eventId)
    },
  },
  {
    what: 'the Postgres log has an event twice',
    violates: ['I3'],
    log: 'postgres',
    break(facts) {
      const record = theFirst(recordsOf(facts, quietNote(facts).eventId))
      facts.records.push({ ...record, offset: '100000' })
    },
  },
  {
    what: 'two events of a stream are the wrong way round',
    violates: ['I4'],
    log: 'postgres',
    break(facts) {
      const [first, second] = facts.events.filter(({ streamId }) => streamId === 'l0')
      swapContents(
        theFirst(recordsOf(facts, first?.eventId ?? '')),
        theFirst(recordsOf(facts, second?.eventId ?? '')),
      )
    },
  },
  {
    what: 'a stream is in two partitions',
    violates: ['I4'],
    break(facts) {
      const [record] = recordsOf(
        facts,
        facts.events.findLast(({ streamId }) => streamId === 'l0')?.eventId ?? '',
      )
      if (record === undefined) throw new Error('the list has no record')
      record.partition = 2
      record.offset = '0'
      for (const topic of facts.topics)
        if (topic.topic === 'bank.list' && topic.partition === 2) topic.end = '1'
      for (const { checkpoints } of facts.reading.projections)
        for (const lane of checkpoints)
          if (lane.topic === 'bank.list' && lane.partition === 2) lane.nextOffset = '1'
    },
  },
  {
    what: 'a record is of an event that nobody committed',
    violates: ['I5'],
    break(facts) {
      const event = facts.events.findLast(({ streamId }) => streamId === 'l0')
      const [record] = recordsOf(facts, event?.eventId ?? '')
      if (record === undefined) throw new Error('the list has no record')
      facts.records.push({
        ...record,
        offset: '100000',
        headers: { ...record.headers, ce_id: 'event-of-nobody' },
      })
    },
  },
  {
    what: 'a copy of an event has another payload',
    violates: ['I5'],
    break(facts) {
      const [record] = recordsOf(facts, quietNote(facts).eventId)
      if (record === undefined) throw new Error('the note has no record')
      facts.records.push({
        ...record,
        offset: '100000',
        value: Buffer.from('{"text":"other"}').toString('base64'),
      })
    },
  },
  {
    what: 'a record that the harness planted has other bytes than it said',
    violates: ['I5'],
    break: (facts) =>
      void (theFirst(facts.records, ({ headers }) => headers['ce_id'] === 'nobody').value = 'AAED'),
  },
  {
    what: 'half of a transfer is not stored',
    // Its command is stored in part only, the sum of history is wrong, and so is whatever was made of the whole.
    violates: ['I1', 'I2', 'I5', 'I6', 'I7', 'I8'],
    break: (facts) => forget(facts, theFirst(facts.events, ({ type }) => type === 'MoneyDeposited').eventId),
  },
]

export const BREAKAGES: readonly Breakage[] = [...writeBreakages, ...readBreakages]
