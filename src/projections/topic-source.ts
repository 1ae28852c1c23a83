import { setTimeout as delay } from 'node:timers/promises'
import { counted } from '../core/counted.js'
import { RebuildRefused } from '../core/errors/index.js'
import type { EventReader } from '../core/ports/event-reader.js'
import type { Lane, Log, LogSubscription } from '../log/index.js'
import {
  type WayOut,
  type LaneBounds,
  type LanePosition,
  type LaneProgress,
  TopicLanes,
} from '../subscriptions/index.js'
import { type EndVector, isBeyond } from './end-vector.js'
import type {
  JoinOptions,
  ProjectionSource,
  RebuildSource,
  RecordedTopic,
  Replay,
} from './projection-source.js'

export interface TopicSourceOptions {
  /** The projection's name. */
  readonly projection: string
  readonly log: Log
  /** Partitions per topic that it reads. */
  readonly topics: ReadonlyMap<string, number>
  /** The aggregates, by name, whose events are in these topics. */
  readonly streamTypes: readonly string[]
  readonly history: Pick<EventReader, 'count'>
  /** What helps where a topic is another one than it was. @defaultValue a rebuild, which has history from the store */
  readonly wayOut?: WayOut
}

/** What the topics show of themselves. */
interface TopicEnds {
  readonly end: EndVector
  /** Whether every partition still begins at its first record. */
  readonly complete: boolean
  /** Records in the topics. */
  readonly records: number
}

/** Milliseconds that the relay gets to publish what was stored before. */
const PUBLISH_PATIENCE = 2_000
const PAUSE = 50

/** The topics of a log: each stream in order, streams side by side. */
export class TopicSource implements ProjectionSource {
  readonly gaps: boolean
  readonly topics: ReadonlyMap<string, number>
  readonly #options: TopicSourceOptions
  readonly #lanes: TopicLanes

  constructor(options: TopicSourceOptions) {
    this.#options = options
    this.#lanes = new TopicLanes(options)
    this.topics = options.topics
    this.gaps = this.#lanes.gaps
  }

  join(options: JoinOptions): Promise<LogSubscription> {
    return this.#lanes.join(options)
  }

  get logIdentity(): string {
    return this.#lanes.logIdentity
  }

  boundsOf(lane: Lane, recorded?: RecordedTopic): Promise<LaneBounds> {
    return this.#lanes.boundsOf(lane, recorded)
  }

  async ends(): Promise<EndVector> {
    return (await this.#look()).end
  }

  progress(positions: readonly LanePosition[]): Promise<LaneProgress> {
    return this.#lanes.progress(positions)
  }

  async replay(asked: RebuildSource | undefined, applied: readonly LanePosition[]): Promise<Replay> {
    const { projection, history, streamTypes } = this.#options
    const stored = await history.count(streamTypes)
    const ends = await this.#endsHolding(stored)
    const lack = whatTheLogLacks(ends, stored, isBeyond(applied, ends.end))
    const { source, reason } = chooseSource(projection, lack, asked)
    const events = source === 'log' ? ends.records : stored
    return { source, reason, events, end: ends.end, backfill: source === 'store' }
  }

  /** The end of the log once it holds as many records as events were stored, or where it stays short of that. */
  async #endsHolding(stored: number): Promise<TopicEnds> {
    const deadline = performance.now() + PUBLISH_PATIENCE
    for (;;) {
      const ends = await this.#look()
      if (ends.records >= stored || !ends.complete || performance.now() > deadline) return ends
      await delay(PAUSE)
    }
  }

  async #look(): Promise<TopicEnds> {
    const names = [...this.topics.keys()]
    const offsets = await Promise.all(names.map((topic) => this.#options.log.topics.offsets(topic)))
    const partitions = offsets.flatMap((all, index) =>
      all.map((it) => ({ topic: names[index] ?? '', ...it })),
    )
    return {
      end: partitions.map(({ topic, partition, end }) => ({ topic, partition, next: end })),
      complete: partitions.every(({ earliest }) => earliest === 0n),
      records: Number(partitions.reduce((sum, { earliest, end }) => sum + end - earliest, 0n)),
    }
  }
}

/** Why the log does not hold all of history, as far as it shows. */
function whatTheLogLacks(
  { complete, records }: TopicEnds,
  stored: number,
  madeAnew: boolean,
): string | undefined {
  if (!complete) return 'the topic no longer begins at the first event'
  if (madeAnew) return 'the topic was made anew: it ends before what was applied of it'
  if (records < stored)
    return `the topic holds ${counted(records, 'record')}, the store ${counted(stored, 'event')}`
  return undefined
}

function chooseSource(
  projection: string,
  lack: string | undefined,
  asked: RebuildSource | undefined,
): { readonly source: RebuildSource; readonly reason: string } {
  if (asked === 'store') return { source: 'store', reason: 'asked for' }
  if (lack === undefined) return { source: 'log', reason: 'the topic begins at the first event' }
  if (asked === 'log') throw new RebuildRefused(projection, `${lack}: rebuild from the store`)
  return { source: 'store', reason: lack }
}
