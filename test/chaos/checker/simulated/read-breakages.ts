import { createHash } from 'node:crypto'
import type { LetterFact } from '../../facts.js'
import type { Breakage } from './breakages.js'
import { projectionIn, theFirst } from './writable.js'

const MEGABYTE = 1024 * 1024

export const readBreakages: readonly Breakage[] = [
  {
    what: 'a balance is off by one',
    violates: ['I6'],
    break: (facts) =>
      void (theFirst(projectionIn(facts, 'balances').tables['balances'] ?? [])['balance'] = '1'),
  },
  {
    what: 'the inline balances miss an account',
    violates: ['I6'],
    break: (facts) => void projectionIn(facts, 'funds').tables['funds']?.pop(),
  },
  {
    what: 'a total misses a booking',
    violates: ['I6'],
    break(facts) {
      const row = theFirst(projectionIn(facts, 'totals').tables['totals'] ?? [])
      row['entries'] = String(Number(row['entries']) - 1)
    },
  },
  {
    what: 'a list has its items in another order',
    violates: ['I6'],
    break(facts) {
      const row = theFirst(projectionIn(facts, 'lists').tables['lists'] ?? [])
      row['items'] = String(row['items']).split(',').toReversed().join(',')
    },
  },
  {
    what: 'the ledger was written in another order than the store has',
    violates: ['I6'],
    break: (facts) =>
      void (theFirst(projectionIn(facts, 'ledger').tables['ledger'] ?? [])['order_hash'] = 'other'),
  },
  {
    what: 'two lines of a statement were applied the wrong way round',
    violates: ['I6'],
    break(facts) {
      const lines = projectionIn(facts, 'statements').tables['statement_lines'] ?? []
      const { account_id } = theFirst(lines)
      const [first, second] = lines.filter((line) => line['account_id'] === account_id)
      if (first === undefined || second === undefined) throw new Error('the statement is too short')
      const { applied } = first
      first['applied'] = second['applied']
      second['applied'] = applied
    },
  },
  {
    what: 'an event overtook a parked one of its stream',
    violates: ['I6'],
    break(facts) {
      const statements = projectionIn(facts, 'statements')
      const at = statements.letters.findLastIndex(({ errorClass }) => errorClass === 'waiting')
      const [letter] = statements.letters.splice(at, 1)
      const event = theFirst(facts.events, ({ eventId }) => eventId === letter?.eventId)
      const lines = statements.tables['statement_lines'] ?? []
      const before = lines.findLast((line) => line['account_id'] === event.streamId)
      const { amount = 0 } = JSON.parse(event.payload) as { amount?: string }
      const signed = event.type === 'MoneyWithdrawn' ? `-${amount}` : String(amount)
      lines.push({
        applied: String(lines.length + 1),
        event_id: event.eventId,
        account_id: event.streamId,
        version: event.version,
        type: event.type,
        amount: signed,
        order_hash: sha256(
          `${before === undefined ? '' : String(before['order_hash'])}|${event.version}|${event.type}|${signed}`,
        ),
      })
    },
  },
  {
    what: 'an event was applied twice by the statements',
    violates: ['I7'],
    break(facts) {
      const lines = projectionIn(facts, 'statements').tables['statement_lines'] ?? []
      const last = lines.at(-1)
      if (last === undefined) throw new Error('there are no lines')
      const chained = sha256(
        `${String(last['order_hash'])}|${String(last['version'])}|${String(last['type'])}|${String(last['amount'])}`,
      )
      lines.push({ ...last, applied: String(lines.length + 1), order_hash: chained })
    },
  },
  {
    what: 'an event was applied twice by the totals',
    violates: ['I6', 'I7'],
    break(facts) {
      const row = theFirst(projectionIn(facts, 'totals').tables['totals'] ?? [])
      row['entries'] = String(Number(row['entries']) + 1)
    },
  },
  {
    what: 'an effect was done twice',
    violates: ['I7'],
    break: (facts) => void (theFirst(facts.effects, ({ effective }) => !effective).effective = true),
  },
  {
    what: 'an effect was done again under a key of its own',
    violates: ['I7'],
    break(facts) {
      const fact = theFirst(facts.effects)
      facts.effects.push({
        ...fact,
        idempotencyKey: `${fact.idempotencyKey}:2`,
        eventId: `${fact.eventId}:2`,
      })
    },
  },
  {
    what: 'an effect was done again in a replay, under the key of the first time',
    violates: ['I7'],
    break(facts) {
      const { at } = facts.samples.at(-1) ?? { at: 0 }
      facts.effects.push({ ...theFirst(facts.effects), at, effective: false })
    },
  },
  {
    what: 'an effect was done for an event that it does not act on',
    violates: ['I7'],
    break(facts) {
      const { eventId } = theFirst(facts.events, ({ type }) => type === 'AccountOpened')
      facts.effects.push({ ...theFirst(facts.effects), idempotencyKey: `bank.mail:${eventId}`, eventId })
    },
  },
  {
    what: 'an effect was never done',
    violates: ['I7'],
    break(facts) {
      const { eventId } = theFirst(facts.effects)
      facts.effects = facts.effects.filter((it) => it.eventId !== eventId)
    },
  },
  {
    what: 'one snapshot of the store misses money',
    violates: ['I8'],
    break(facts) {
      const sample = theFirst(facts.samples, ({ total }) => total !== null)
      sample.total = String(BigInt(sample.total ?? 0) - 1n)
    },
  },
  {
    what: 'one snapshot of the read side misses money',
    violates: ['I8'],
    break: (facts) => void (theFirst(facts.samples, ({ inFlight }) => inFlight !== null).inFlight = '5'),
  },
  {
    what: 'a reader saw an overdrawn account',
    violates: ['I8'],
    break: (facts) => void (theFirst(facts.samples, ({ lowest }) => lowest !== null).lowest = '-1'),
  },
  {
    what: 'a checkpoint went back',
    violates: ['I9'],
    break(facts) {
      const before = theFirst(facts.samples.toReversed(), ({ checkpoints }) => checkpoints !== null)
      const lane = theFirst(before.checkpoints ?? [], ({ projection }) => projection === 'balances')
      lane.nextOffset = String(Number(lane.nextOffset) + 1)
    },
  },
  {
    what: 'an epoch went back',
    violates: ['I9'],
    break: (facts) => void (theFirst(projectionIn(facts, 'balances').checkpoints).epoch = '3'),
  },
  {
    what: 'a hostile record was skipped without a letter',
    violates: ['I10'],
    break: (facts) => void projectionIn(facts, 'balances').letters.pop(),
  },
  {
    what: 'an event was skipped without a letter',
    violates: ['I10', 'I11', 'I6', 'I7'],
    break(facts) {
      const { guards } = projectionIn(facts, 'balances')
      theFirst(guards).version -= 1
    },
  },
  {
    what: 'a letter gives no reason',
    violates: ['I10'],
    break: (facts) => void (theFirst(projectionIn(facts, 'balances').letters).errorMessage = null),
  },
  {
    what: 'a letter waits and nothing is before it',
    violates: ['I10'],
    break(facts) {
      const isPoison = ({ errorClass }: Pick<LetterFact, 'errorClass'>): boolean => errorClass === 'handler'
      theFirst(projectionIn(facts, 'statements').letters, isPoison).errorClass = 'waiting'
    },
  },
  {
    what: 'a letter was not published',
    violates: ['I10'],
    break(facts) {
      facts.records = facts.records.filter(({ topic, value }) => !topic.endsWith('.DLT') || value !== 'AAEC')
    },
  },
  {
    what: 'the backlog never came down',
    violates: ['I11'],
    break: (facts) => void (facts.run.levelAt = null),
  },
  {
    what: 'the backlog came down too late',
    violates: ['I11'],
    break: (facts) => void (facts.run.levelAt = facts.run.healedAt + facts.run.recoveryLimit + 1),
  },
  {
    what: 'a lane is short of its end',
    violates: ['I11'],
    break(facts) {
      const topic = theFirst(facts.topics, (it) => it.topic === 'bank.account')
      topic.end = String(Number(topic.end) + 1)
    },
  },
  {
    what: 'a projection has stopped',
    violates: ['I11'],
    break: (facts) => void (projectionIn(facts, 'lists').state = 'stopped'),
  },
  {
    what: 'a process says it is ready while the database is away',
    violates: ['I11'],
    break(facts) {
      for (const sample of facts.samples.slice(0, 12)) {
        sample.stored = null
        sample.processes.forEach((process) => (process.ready = true))
      }
    },
  },
  {
    what: 'a process says it is not ready long after everything is',
    violates: ['I11'],
    break(facts) {
      facts.run.levelAt = facts.run.healedAt
      facts.run.endedAt += 10_000
      const last = theFirst(facts.samples.toReversed())
      facts.samples.push({
        ...last,
        at: facts.run.healedAt + 9_000,
        processes: last.processes.map((it) => ({ ...it, ready: false })),
      })
    },
  },
  {
    what: 'a process holds too much memory',
    violates: ['I12'],
    break: (facts) => void (theFirst(theFirst(facts.samples).processes).rss = 900 * MEGABYTE),
  },
  {
    what: 'too many connections are open',
    violates: ['I12'],
    break: (facts) =>
      void (theFirst(facts.samples, ({ connections }) => connections !== null).connections = 500),
  },
]

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')
