import type {
  CheckpointFact,
  EffectFact,
  ProjectionFact,
  RecordFact,
  SampleFact,
  TimelineFact,
} from '../../facts.js'
import type { Facts } from '../facts.js'
import { accounts, BankDay, GRANT, lists, STARTED } from './bank-day.js'
import { Chance } from './chance.js'
import { readingOf } from './reading.js'
import { SimulatedTopics } from './topics.js'

/** The facts of a run that never was, and in which everything is as it must be. */
export function simulatedRun(seed: number, log: 'postgres' | 'kafka' = 'kafka', calls = 200): Facts {
  const chance = new Chance(seed)
  const day = new BankDay(chance)
  day.openEverything()
  for (let call = 0; call < calls; call++) {
    day.next()
    if (call === Math.floor(calls / 2)) day.poison(chance.of(accounts))
  }
  const topics = new SimulatedTopics(day.events, chance, log)
  const projections = readingOf(day.events, topics.records, topics.topics)
  const statements = projections.find(({ name }) => name === 'statements')
  for (const { topic, partition, offset } of statements?.letters ?? []) {
    const record = topics.records.find(
      (it) => it.topic === topic && it.partition === partition && it.offset === offset,
    )
    if (record !== undefined) topics.publishLetter(record)
  }
  const healedAt = day.now + 500
  const total = String(GRANT * BigInt(accounts.length))
  return {
    run: {
      format: 1,
      log,
      seed,
      seconds: Math.ceil((day.now - STARTED) / 1_000),
      mix: ['kill', 'pause'],
      planted: null,
      repro: `npm run chaos -- --seconds 10 --seed ${seed} --log ${log}`,
      commit: '0000000',
      versions: { node: process.version },
      lease: 1_000,
      separateDatabases: false,
      bank: { accounts, lists, grant: String(GRANT), total, lowestBalance: '0' },
      startedAt: STARTED,
      faultsFrom: STARTED + 1_000,
      healedAt,
      loadEndedAt: day.now,
      levelAt: healedAt + 2_000,
      endedAt: healedAt + 10_000,
      recoveryLimit: 60_000,
      rssLimit: 300 * 1024 * 1024,
      connectionLimit: 80,
      injected: { kill: 2, pause: 1 },
      skipped: {},
    },
    history: day.history,
    events: day.events,
    topics: topics.topics,
    records: topics.records,
    reading: { takenAt: healedAt + 9_000, projections },
    samples: samplesUntil(healedAt + 8_000, healedAt, total, projections, topics.records, chance),
    effects: effectsOf(day),
    timeline: [...timelineUntil(healedAt), ...topics.planted].toSorted((a, b) => a.at - b.at),
    missing: new Map(),
  }
}

function samplesUntil(
  end: number,
  healedAt: number,
  total: string,
  projections: readonly ProjectionFact[],
  records: readonly RecordFact[],
  chance: Chance,
): readonly SampleFact[] {
  const samples: SampleFact[] = []
  for (let at = STARTED; at < end; at += 1_000) {
    const share = Math.min(1, (at - STARTED) / (healedAt - STARTED))
    const down = at > STARTED + 3_000 && at < STARTED + 5_000
    const backlog = share === 1 ? 0 : chance.below(500)
    samples.push({
      at,
      total: down ? null : total,
      readTotal: down ? null : String(BigInt(total) - 7n),
      inFlight: down ? null : '4',
      parkedAmount: down ? null : '3',
      lowest: down ? null : '12',
      stored: down ? null : Math.floor(share * 300),
      outbox: down ? null : backlog,
      outboxParked: down ? null : 0,
      oldestOutbox: down ? null : backlog * 3,
      lag: down ? null : { balances: backlog, statements: 2 * backlog, totals: Math.floor(backlog / 2) },
      letters: down ? null : { statements: Math.floor(share * 9) },
      checkpoints: down ? null : checkpointsAt(projections, records, at, share),
      slotEpochs: down ? null : String(64 + Math.floor(share * 70)),
      connections: down ? null : 30 + chance.below(9),
      processes: ['client-1', 'relay-1', 'relay-2', 'projections-1'].map((name, index) => ({
        name,
        life: 1,
        pid: 100 + index,
        state: 'running',
        rss: (90 + 10 * index + chance.below(20)) * 1024 * 1024,
        ready: !down,
      })),
    })
  }
  return samples
}

/** In no lane beyond what was written a while before: nobody is faster than that. */
const checkpointsAt = (
  projections: readonly ProjectionFact[],
  records: readonly RecordFact[],
  at: number,
  share: number,
) =>
  projections.flatMap(({ name: projection, generation, checkpoints }) =>
    checkpoints.map((checkpoint) => ({
      ...checkpoint,
      projection,
      generation,
      nextOffset: String(
        Math.min(
          Math.floor(Number(checkpoint.nextOffset) * share),
          firstAfter(records, checkpoint, at - 500),
        ),
      ),
      epoch: String(Math.ceil(Number(checkpoint.epoch) * share)),
    })),
  )

/** The offset of the first record of a lane that was written after a time. */
const firstAfter = (
  records: readonly RecordFact[],
  { topic, partition }: CheckpointFact,
  time: number,
): number =>
  Math.min(
    ...records
      .filter((it) => it.topic === topic && it.partition === partition && it.timestamp > time)
      .map(({ offset }) => Number(offset)),
  )

/** One per list item. Every fifth handler was called again, and the key kept it from doing more. */
const effectsOf = ({ events }: BankDay): readonly EffectFact[] =>
  events
    .filter(({ type }) => type === 'ItemAppended')
    .flatMap(({ eventId, recordedAt }, index) => {
      const done = {
        at: recordedAt + 20,
        process: 'projections-1',
        life: 1,
        effect: 'mail',
        idempotencyKey: `bank.mail:${eventId}`,
        eventId,
      }
      return [
        { ...done, effective: true },
        ...(index % 5 === 0 ? [{ ...done, at: recordedAt + 90, effective: false }] : []),
      ]
    })

const timelineUntil = (healedAt: number): readonly TimelineFact[] => [
  { at: STARTED, event: 'phase', phase: 'load' },
  { at: STARTED, event: 'process-start', process: 'relay-1', role: 'relay', life: 1, pid: 101 },
  { at: STARTED + 1_000, event: 'phase', phase: 'faults' },
  { at: STARTED + 1_200, event: 'fault-begin', id: 1, fault: 'kill', target: 'relay-1' },
  { at: STARTED + 1_210, event: 'fault-end', id: 1, fault: 'kill', target: 'relay-1' },
  {
    at: STARTED + 1_215,
    event: 'process-exit',
    process: 'relay-1',
    role: 'relay',
    life: 1,
    pid: 101,
    how: 'SIGKILL',
  },
  { at: STARTED + 3_000, event: 'fault-begin', id: 2, fault: 'pg-immediate', target: 'postgres' },
  { at: STARTED + 5_000, event: 'fault-end', id: 2, fault: 'pg-immediate', target: 'postgres' },
  { at: healedAt, event: 'phase', phase: 'healed' },
  { at: healedAt + 2_000, event: 'phase', phase: 'level' },
]
