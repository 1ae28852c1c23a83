import type { Consumer, ConsumerEndBatchProcessEvent, ConsumerGroupJoinEvent, KafkaMessage } from 'kafkajs'
import type { KafkaClients } from '../../kafka/index.js'
import type { Lane } from '../lane-consumer.js'
import type { LaneSet } from './lane-set.js'
import type { Position } from './offset-committer.js'
import type { FetchControl, FetchedMessages } from './records-of-fetch.js'
import type { Standing } from './standing.js'
import { stickyAssigner } from './sticky-assigner.js'

const RETRIES = 8
const LONGEST_FETCH = 500
/** The client holds what it fetched several times over, decoded and not: these keep a busy member under 200 MB. */
const BYTES_PER_PARTITION = 512 * 1024
const BYTES_PER_FETCH = 2 * 1024 * 1024
/** On top of three leases, which a rebalance may take: longer than any single request may. */
const SILENCE_ALLOWED = 15_000

export interface MembershipOptions {
  readonly clients: KafkaClients
  readonly group: string
  readonly topics: readonly string[]
  /** How many partitions each topic has. */
  readonly partitions: ReadonlyMap<string, number>
  readonly lease: number
  readonly lanes: LaneSet
  readonly standing: Standing
  readonly onJoined: () => void
}

/** Milliseconds in which something is heard from a member of this lease, several times over. */
export const beatOf = (lease: number): number => Math.floor(lease / 5)

/**
 * One stay in the group, on one connection of its own. It ends by {@link leave}, or by itself when the client gives up
 * or falls silent; it is never revived, because a client that failed keeps what made it fail.
 */
export class Membership {
  /** Resolves with the reason when the stay has ended by itself. */
  readonly over: Promise<Error>
  readonly #options: MembershipOptions
  readonly #consumer: Consumer
  readonly #running: Promise<void>
  #lastSign = performance.now()
  #memberId = ''
  #ended = false
  #resolveOver!: (reason: Error) => void

  constructor(options: MembershipOptions) {
    this.#options = options
    this.over = new Promise((resolve) => (this.#resolveOver = resolve))
    this.#consumer = this.#newConsumer()
    this.#listen()
    this.#running = this.#run().catch((error: unknown) => this.end(asError(error)))
    this.#watch()
  }

  async commit(positions: readonly Position[]): Promise<void> {
    await this.#consumer.commitOffsets(
      positions.map(({ lane, next }) => ({ ...lane, offset: next.toString() })),
    )
  }

  /** Gives the partitions back to the group and lets the connections go. */
  async leave(): Promise<void> {
    this.end(new Error('left the group'))
    // A client that is stopped while it joins joins all the same, and nobody could stop it then.
    await this.#running
    await this.#consumer.disconnect().catch(() => undefined)
  }

  /** The stay is over for this reason, unless it was before. */
  end(reason: Error): void {
    this.#ended = true
    this.#resolveOver(reason)
  }

  #newConsumer(): Consumer {
    const { clients, group, lease, standing } = this.#options
    return clients({ retries: RETRIES }).consumer({
      groupId: group,
      partitionAssigners: [stickyAssigner(standing)],
      sessionTimeout: lease,
      rebalanceTimeout: lease,
      heartbeatInterval: beatOf(lease),
      maxWaitTimeInMs: Math.min(LONGEST_FETCH, beatOf(lease)),
      maxBytes: BYTES_PER_FETCH,
      maxBytesPerPartition: BYTES_PER_PARTITION,
      allowAutoTopicCreation: false,
      retry: { retries: RETRIES, restartOnFailure: () => Promise.resolve(false) },
    })
  }

  #listen(): void {
    const { events } = this.#consumer
    const { standing } = this.#options
    // The client fetches only after its listeners have returned, so no lane flows before it was asked where to begin.
    this.#consumer.on(events.GROUP_JOIN, ({ payload }) => this.#joined(payload))
    this.#consumer.on(events.HEARTBEAT, () => standing.heard())
    this.#consumer.on(events.END_BATCH_PROCESS, ({ payload }) => this.#passed(payload))
    this.#consumer.on(events.CRASH, ({ payload }) => this.end(payload.error))
    // A client that crashes stops before it says why.
    this.#consumer.on(events.STOP, () =>
      setImmediate(() => this.end(new Error('the client stopped by itself'))),
    )
    for (const sign of [events.GROUP_JOIN, events.FETCH, events.HEARTBEAT, events.END_BATCH_PROCESS]) {
      this.#consumer.on(sign, () => (this.#lastSign = performance.now()))
    }
  }

  #joined({ memberId, memberAssignment }: ConsumerGroupJoinEvent['payload']): void {
    if (this.#ended) return
    const { lanes, standing, onJoined } = this.#options
    const own = lanesOf(memberAssignment)
    standing.given(own)
    onJoined()
    // Whoever comes back under the name that it had was asked for its lanes before another one got them.
    lanes.assign(own, this.#fetch, memberId === this.#memberId ? 'recheck' : 'assigned')
    this.#memberId = memberId
  }

  /** Of a fetch with nothing to give out the client tells here alone, and goes on behind it by itself. */
  #passed(batch: ConsumerEndBatchProcessEvent['payload']): void {
    if (batch.batchSize === 0) void this.#options.lanes.take(laneOf(batch), fetched([], batch))
  }

  async #run(): Promise<void> {
    const { topics, partitions, lanes } = this.#options
    await this.#consumer.connect()
    await this.#consumer.subscribe({ topics: [...topics], fromBeginning: true })
    await this.#consumer.run({
      autoCommit: false,
      eachBatchAutoResolve: false,
      partitionsConsumedConcurrently: [...partitions.values()].reduce((sum, count) => sum + count, 0),
      eachBatch: ({ batch }) => {
        const bounds = { firstOffset: batch.firstOffset(), lastOffset: batch.lastOffset() }
        return lanes.take(laneOf(batch), fetched(batch.messages, bounds))
      },
    })
  }

  /** The client is known to hang at times without an error. */
  #watch(): void {
    const { lease } = this.#options
    const allowed = 3 * lease + SILENCE_ALLOWED
    const timer = setInterval(() => {
      if (performance.now() - this.#lastSign > allowed)
        this.end(new Error(`nothing was heard from the client for ${allowed} ms`))
    }, lease)
    void this.over.then(() => clearInterval(timer))
  }

  readonly #fetch: FetchControl = {
    pause: (lanes) => whileItRuns(() => this.#consumer.pause(lanes.map(partitionsOf))),
    resume: (lane) => whileItRuns(() => this.#consumer.resume([partitionsOf(lane)])),
    seek: (lane, offset) => whileItRuns(() => this.#consumer.seek({ ...lane, offset: offset.toString() })),
  }
}

const lanesOf = (assignment: Readonly<Record<string, readonly number[]>>): readonly Lane[] =>
  Object.entries(assignment).flatMap(([topic, partitions]) =>
    partitions.map((partition) => ({ topic, partition })),
  )

const laneOf = ({ topic, partition }: Lane): Lane => ({ topic, partition })

/**
 * What a fetch brought, with the bounds of all that it held, also of what is not given out. There is no first offset where a
 * topic was compacted and the one that was asked for, which then is the last one, is gone.
 */
function fetched(
  messages: readonly KafkaMessage[],
  { firstOffset, lastOffset }: { readonly firstOffset: string | null; readonly lastOffset: string },
): FetchedMessages {
  return { messages, from: BigInt(firstOffset ?? lastOffset), next: BigInt(lastOffset) + 1n }
}

const partitionsOf = ({ topic, partition }: Lane) => ({ topic, partitions: [partition] })

/** A client that has stopped throws when it is steered. It fetches nothing any more, and its lanes will be told. */
function whileItRuns(steer: () => void): void {
  try {
    steer()
  } catch {
    return
  }
}

const asError = (error: unknown): Error => (error instanceof Error ? error : new Error(String(error)))
