import { createHash } from 'node:crypto'
import type { EventFact, LetterFact, ProjectionFact, RecordFact, TopicFact } from '../../facts.js'
import { movedBy, POISON } from './bank-day.js'

type Row = Readonly<Record<string, unknown>>
type Payload = Readonly<Record<string, string>>

const payloadOf = (event: EventFact): Payload => JSON.parse(event.payload) as Payload
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')
const movedIn = (event: EventFact): bigint => movedBy(event.type, payloadOf(event))
const isBooking = ({ type }: EventFact): boolean => type === 'MoneyDeposited' || type === 'MoneyWithdrawn'

/** Read models after everything was delivered, made one event at a time. */
export function readingOf(
  events: readonly EventFact[],
  records: readonly RecordFact[],
  topics: readonly TopicFact[],
): readonly ProjectionFact[] {
  const inAccounts = events.filter(({ streamType }) => streamType === 'account')
  const inLists = events.filter(({ streamType }) => streamType === 'list')
  const hostile = records.filter(
    ({ topic, headers }) => topic === 'bank.account' && headers['ce_type'] === undefined,
  )
  const accountSide = {
    topics,
    topic: 'bank.account',
    events: inAccounts,
    letters: hostile.map(contractLetter),
  }
  const { waiting, applied } = parkedBehindPoison(inAccounts, records)
  return [
    { ...feed('balances', accountSide), tables: { balances: balances(inAccounts) } },
    {
      ...feed('statements', { ...accountSide, letters: [...accountSide.letters, ...waiting].map(numbered) }),
      tables: { statement_lines: lines(applied) },
    },
    { ...feed('totals', accountSide), tables: { totals: totals(inAccounts) } },
    {
      ...feed('lists', { topics, topic: 'bank.list', events: inLists, letters: [] }),
      tables: { lists: lists(inLists) },
    },
    { ...feed('mail', { topics, topic: 'bank.list', events: inLists, letters: [] }), tables: {} },
    {
      ...feed('ledger', { ...accountSide, letters: [] }),
      follows: 'ordered',
      guards: [],
      checkpoints: [
        {
          topic: '$store',
          partition: 0,
          nextOffset: String(Number(events.at(-1)?.position) + 1),
          epoch: '1',
        },
      ],
      tables: { ledger: ledger(inAccounts) },
    },
    {
      ...feed('funds', { ...accountSide, letters: [] }),
      follows: 'inline',
      guards: [],
      checkpoints: [],
      tables: { funds: balances(inAccounts).map(({ account_id, balance }) => ({ account_id, balance })) },
    },
  ]
}

interface Fed {
  readonly topics: readonly TopicFact[]
  readonly topic: string
  readonly events: readonly EventFact[]
  readonly letters: readonly LetterFact[]
}

function feed(name: string, { topics, topic, events, letters }: Fed): Omit<ProjectionFact, 'tables'> {
  const guards = new Map(
    events.map(({ streamType, streamId, version }) => [`${streamType}-${streamId}`, version]),
  )
  return {
    name,
    generation: 1,
    live: true,
    follows: 'stream',
    state: 'running',
    failure: null,
    checkpoints: topics
      .filter((it) => it.topic === topic)
      .map(({ partition, end }) => ({ topic, partition, nextOffset: end, epoch: '4' })),
    guards: [...guards].map(([stream, version]) => ({ stream, version })),
    letters,
    discards: [],
  }
}

function contractLetter(record: RecordFact, index: number): LetterFact {
  return letterOf(record, undefined, {
    id: String(index + 1),
    errorClass: 'contract',
    errorMessage: 'it cannot be read',
  })
}

/** The poisoned note of one account and all that comes after it there. */
function parkedBehindPoison(events: readonly EventFact[], records: readonly RecordFact[]) {
  const poisoned = events.find((event) => payloadOf(event)['mark'] === POISON)
  const isParked = ({ streamId, version }: EventFact): boolean =>
    poisoned !== undefined && streamId === poisoned.streamId && version >= poisoned.version
  const waiting = events.filter(isParked).flatMap((event) => {
    const record = records.find(({ headers }) => headers['ce_id'] === event.eventId)
    if (record === undefined) return []
    const failed = event === poisoned
    return [
      letterOf(record, event, {
        id: '',
        errorClass: failed ? 'handler' : 'waiting',
        errorMessage: failed ? 'poison' : null,
      }),
    ]
  })
  return { waiting, applied: events.filter((event) => !isParked(event)) }
}

const numbered = (letter: LetterFact, index: number): LetterFact => ({ ...letter, id: String(index + 1) })

function letterOf(
  { topic, partition, offset, headers, value }: RecordFact,
  event: EventFact | undefined,
  told: Pick<LetterFact, 'id' | 'errorClass' | 'errorMessage'>,
): LetterFact {
  const stream = event === undefined ? null : `${event.streamType}-${event.streamId}`
  return {
    ...told,
    sequenceKey: stream,
    topic,
    partition,
    offset,
    eventId: event?.eventId ?? headers['ce_id'] ?? null,
    stream,
    version: event?.version ?? null,
    type: event?.type ?? null,
    attempts: told.errorClass === 'handler' ? 5 : 0,
    headers,
    value,
  }
}

function balances(events: readonly EventFact[]) {
  const rows = new Map<string, { account_id: string; balance: string; entries: string }>()
  for (const event of events) {
    const { balance, entries } = rows.get(event.streamId) ?? { balance: '0', entries: '0' }
    rows.set(event.streamId, {
      account_id: event.streamId,
      balance: String(BigInt(balance) + movedIn(event)),
      entries: String(Number(entries) + 1),
    })
  }
  return [...rows.values()]
}

function lines(events: readonly EventFact[]): readonly Row[] {
  const hashes = new Map<string, string>()
  return events.map((event, index) => {
    const amount = String(movedIn(event))
    const order_hash = sha256(`${hashes.get(event.streamId) ?? ''}|${event.version}|${event.type}|${amount}`)
    hashes.set(event.streamId, order_hash)
    const { eventId: event_id, streamId: account_id, version, type } = event
    return { applied: String(index + 1), event_id, account_id, version, type, amount, order_hash }
  })
}

function totals(events: readonly EventFact[]): readonly Row[] {
  const rows = new Map<string, { day_and_operation: string; entries: string; amount: string }>()
  for (const event of events.filter(isBooking)) {
    const key = `${payloadOf(event)['bookedOn'] ?? ''} ${event.type}`
    const { entries, amount } = rows.get(key) ?? { entries: '0', amount: '0' }
    const moved = movedIn(event)
    rows.set(key, {
      day_and_operation: key,
      entries: String(Number(entries) + 1),
      amount: String(BigInt(amount) + (moved < 0n ? -moved : moved)),
    })
  }
  return [...rows.values()]
}

function lists(events: readonly EventFact[]): readonly Row[] {
  const rows = new Map<string, string[]>()
  for (const event of events)
    rows.set(event.streamId, [...(rows.get(event.streamId) ?? []), payloadOf(event)['item'] ?? ''])
  return [...rows].map(([list_id, items]) => ({
    list_id,
    entries: String(items.length),
    items: items.join(','),
  }))
}

function ledger(events: readonly EventFact[]): readonly Row[] {
  const booked = events.filter(isBooking)
  const amount = booked.reduce((sum, event) => sum + movedIn(event), 0n)
  const order_hash = booked.reduce((hash, { eventId }) => sha256(`${hash}|${eventId}`), '')
  return [{ ledger: 'all', entries: String(booked.length), amount: String(amount), order_hash }]
}
