import { laneName } from '../log/index.js'
import type { LanePosition } from '../subscriptions/index.js'
import type { ProjectionSource } from './projection-source.js'

/** How far behind the answer to a query is. */
export interface AsOf {
  /**
   * Every event that was committed before this instant is in the answer, but for `parked` ones, by the clock of the database
   * that stores the events. With nothing left to apply it is the time just before the query. Else it is when the first event that is not
   * published yet was recorded; or, for a lane that is behind, when the last event that was applied from it was recorded,
   * or when this process last found the lane level, if that is later. 1970-01-01 where neither is known. A lane without
   * events holds nothing back.
   *
   * What a relay publishes only after later events of the same partition, because it is slower than another one, counts
   * from then on.
   *
   * A service that only consumes does not see what is not in its topics yet: there it is every event that was in one before
   * this instant, by the clock of its own database, or of the producer for a lane that is behind.
   */
  readonly time: Date
  /** Events that are committed and were not applied, at the most: one that is just being published may count twice. */
  readonly behind: number
  /** Events that could not be applied, with those that wait behind them: dead letters, until they are retried or discarded. */
  readonly parked: number
  /** Whether nothing was left to apply, nothing is parked, and the projection goes on. */
  readonly upToDate: boolean
  /**
   * Whether the projection has stopped at an event that it could not apply. It falls behind from there on, until it is
   * started again with a handler that can.
   */
  readonly stopped: boolean
}

/** Events that are stored and in no answer yet, as one statement sees them. */
export interface Backlog {
  /** The time of the store's database before the statement saw anything. */
  readonly now: Date
  readonly events: number
  /** When the first of them was recorded; none of the others was committed before. */
  readonly oldest: Date | undefined
}

/** What the store knows of how far its readers can be. */
export interface StoreBacklog {
  /** The events of these topics that are in none of them yet. */
  unpublished(topics: readonly string[]): Promise<Backlog>

  /** The events of these stream types from a position on. */
  storedFrom(streamTypes: readonly string[], position: bigint): Promise<Backlog>
}

/** How far a lane was applied, and when the last event before there was recorded. */
export interface LaneProgress extends LanePosition {
  readonly lastRecordedAt: Date | undefined
}

/** How far the live generation of a projection is. */
export interface LiveProgress {
  readonly running: boolean
  /** Letters of events with a key: of what is none nothing is missing in an answer. */
  readonly parked: number
  readonly lanes: readonly LaneProgress[]
}

/** What the read side knows of how far it is. */
export interface ReadProgress {
  /** The time of the read side's database. */
  now(): Promise<Date>

  /** Nothing applied, where the projection was never started. */
  of(projection: string): Promise<LiveProgress>
}

/** Finds out how far the read model of a projection is, for a query that begins afterwards. */
export interface Freshness {
  /**
   * Holds for every snapshot taken after it has resolved: clocks are read before what they tell of, and how far the lanes
   * were applied before the query.
   */
  look(): Promise<AsOf>
}

export interface TopicFreshnessOptions {
  readonly projection: string
  readonly source: Pick<ProjectionSource, 'topics' | 'ends'>
  /** Undefined where no store is in reach. */
  readonly store: Pick<StoreBacklog, 'unpublished'> | undefined
  readonly progress: ReadProgress
}

/** Of a projection that is fed from topics. */
export class TopicFreshness implements Freshness {
  readonly #options: TopicFreshnessOptions
  /** By lane, up to when everything committed was known to be applied. */
  readonly #level = new Map<string, Date>()

  constructor(options: TopicFreshnessOptions) {
    this.#options = options
  }

  async look(): Promise<AsOf> {
    const { projection, source, progress } = this.#options
    // In this order: what leaves the outbox after it was looked at is in the topics by the time these are.
    const { now, events, oldest } = await this.#unpublished()
    const ends = await source.ends()
    const { running, parked, lanes } = await progress.of(projection)
    const covered = oldest === undefined ? now : earlier(now, justBefore(oldest))
    const applied = new Map(lanes.map((lane) => [laneName(lane), lane]))
    let time = covered
    let behind = BigInt(events)
    let level = running && parked === 0 && events === 0
    for (const end of ends) {
      const name = laneName(end)
      const lane = applied.get(name)
      const next = lane?.next ?? 0n
      // The place of one that has stopped may be from a topic that was made anew since. An empty lane is level in any case.
      if (end.next === 0n || (running && next >= end.next)) {
        this.#level.set(name, later(covered, this.#level.get(name)))
        continue
      }
      level = false
      if (end.next > next) behind += end.next - next
      const last = lane?.lastRecordedAt
      time = earlier(time, later(last === undefined ? BEGINNING : justBefore(last), this.#level.get(name)))
    }
    return { time, behind: Number(behind), parked, upToDate: level, stopped: !running }
  }

  async #unpublished(): Promise<Backlog> {
    const { source, store, progress } = this.#options
    if (store !== undefined) return store.unpublished([...source.topics.keys()])
    return { now: await progress.now(), events: 0, oldest: undefined }
  }
}

export interface StoreFreshnessOptions {
  readonly projection: string
  readonly streamTypes: readonly string[]
  readonly store: Pick<StoreBacklog, 'storedFrom'>
  readonly progress: ReadProgress
}

/** Of a projection that follows the order of the store. */
export class StoreFreshness implements Freshness {
  readonly #options: StoreFreshnessOptions

  constructor(options: StoreFreshnessOptions) {
    this.#options = options
  }

  async look(): Promise<AsOf> {
    const { projection, streamTypes, store, progress } = this.#options
    const { running, parked, lanes } = await progress.of(projection)
    const { now, events, oldest } = await store.storedFrom(streamTypes, lanes[0]?.next ?? 0n)
    const time = oldest === undefined ? now : earlier(now, justBefore(oldest))
    const upToDate = running && parked === 0 && events === 0
    return { time, behind: events, parked, upToDate, stopped: !running }
  }
}

/** Of a projection whose rows are committed together with the events. */
export class InlineFreshness implements Freshness {
  readonly #store: Pick<StoreBacklog, 'unpublished'>

  constructor(store: Pick<StoreBacklog, 'unpublished'>) {
    this.#store = store
  }

  async look(): Promise<AsOf> {
    const { now } = await this.#store.unpublished([])
    return { time: now, behind: 0, parked: 0, upToDate: true, stopped: false }
  }
}

const BEGINNING = new Date(0)

/** Times of recording are kept rounded to milliseconds: the event may have been committed up to half of one earlier. */
const justBefore = (recordedAt: Date): Date => new Date(recordedAt.getTime() - 1)

const earlier = (a: Date, b: Date): Date => (a < b ? a : b)

const later = (a: Date, b: Date | undefined): Date => (b === undefined || a > b ? a : b)
