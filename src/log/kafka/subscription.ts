import { setTimeout } from 'node:timers/promises'
import { BackOff } from '../../core/back-off.js'
import { RepriseError } from '../../core/errors/index.js'
import type { Logger } from '../../core/ports/logger.js'
import { Trouble } from '../../core/trouble.js'
import { asRepriseError, brokerErrorOf, type KafkaClients, type KafkaSettings } from '../../kafka/index.js'
import { type Lane, laneName } from '../lane-consumer.js'
import type { LogSubscription, SubscribeOptions } from '../log.js'
import type { Topics } from '../topics.js'
import type { AdminConnection } from './admin-connection.js'
import { lostOffsets } from './group-offsets.js'
import { LaneSet } from './lane-set.js'
import { LaneWatch } from './lane-watch.js'
import { beatOf, Membership } from './membership.js'
import { OffsetCommitter, type Position } from './offset-committer.js'
import { settlesWithin } from './settles-within.js'
import { Standing } from './standing.js'

export interface KafkaSubscriptionOptions extends SubscribeOptions {
  readonly settings: KafkaSettings
  readonly clients: KafkaClients
  readonly connection: AdminConnection
  readonly topicAdmin: Pick<Topics, 'offsets'>
  readonly logger: Logger
  /** How many partitions each topic has. */
  readonly partitions: ReadonlyMap<string, number>
  readonly lease: number
  readonly batchSize: number
}

const STOPPED_WITHIN = 15_000
const COMMITTED_WITHIN = 2_000
const LEFT_WITHIN = 10_000

/** On top of a lease, which a rebalance may take: twice what a single request may. */
const STANDSTILL_ALLOWED = 10_000

/** So many leases a lane that was declined is left to the others. */
const LEFT_FOR_LEASES = 2

const ASKING = {
  fails: 'the brokers could not be asked; it will be tried again',
  over: 'the brokers answer again',
}
const STAYING = {
  fails: 'the group was left; it will be joined again',
  over: 'the group is joined again',
}

/** A stay that ends so that the next one tells the group what is left to others. */
class Declining extends Error {}

/**
 * A member of a group on Kafka.
 *
 * States: member (of the group, or joining it) ⇄ pausing (the stay ended by itself) → stopped. The pause grows up to 5 s
 * and is short again after a stay that was given its partitions. A stay that ends to leave a lane to others is followed by
 * the next one at once.
 */
export class KafkaSubscription implements LogSubscription {
  readonly #options: KafkaSubscriptionOptions
  readonly #lanes: LaneSet
  readonly #standing: Standing
  readonly #watch: LaneWatch
  readonly #committer: OffsetCommitter
  readonly #backOff = new BackOff()
  readonly #stopping = new AbortController()
  readonly #asking: Trouble
  readonly #staying: Trouble
  readonly #running: Promise<void>
  #membership: Membership | undefined
  #declining: Promise<void> | undefined

  constructor(options: KafkaSubscriptionOptions) {
    const { lease, partitions, topicAdmin, logger } = options
    this.#options = options
    this.#asking = new Trouble(logger, ASKING)
    this.#staying = new Trouble(logger, STAYING)
    this.#standing = new Standing(lease)
    this.#committer = new OffsetCommitter({
      commit: (positions) => this.#membership?.commit(positions) ?? Promise.resolve(),
      onBegun: (positions) => this.#compareOffsets(positions),
    })
    this.#lanes = new LaneSet({
      ...options,
      patience: beatOf(lease),
      onMoved: (lane, next) => this.#committer.moved(lane, next),
      onDeclined: (lane) => this.#decline(lane),
      declinedFor: (lane) => this.#standing.declinedFor(lane),
    })
    this.#watch = new LaneWatch({
      lanes: this.#lanes,
      partitions,
      topicAdmin,
      period: lease,
      patience: lease + STANDSTILL_ALLOWED,
      onStandstill: (reason) => this.#membership?.end(reason),
      onFailed: (error) => this.#noteTrouble(error),
      onAnswered: () => this.#asking.worked({ group: options.group }),
    })
    this.#running = this.#run()
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    this.#watch.stop()
    if (await settlesWithin(this.#running, STOPPED_WITHIN)) return
    const facts = { group: this.#options.group, waited: STOPPED_WITHIN }
    this.#options.logger.warn(
      facts,
      'a batch or the brokers keep the subscription from stopping; it is left to end by itself',
    )
  }

  async #run(): Promise<void> {
    const stopRequested = new Promise<undefined>((resolve) => {
      this.#stopping.signal.addEventListener('abort', () => resolve(undefined))
    })
    while (!this.#stopping.signal.aborted) {
      if (!(await this.#isThere())) continue
      const membership = this.#join()
      this.#membership = membership
      const reason = await Promise.race([membership.over, stopRequested])
      await this.#lanes.loseAll()
      if (reason === undefined) await settlesWithin(this.#committer.flush(), COMMITTED_WITHIN)
      else this.#report(reason)
      await settlesWithin(membership.leave(), LEFT_WITHIN)
      if (reason !== undefined && !(reason instanceof Declining)) await this.#pause()
    }
    this.#committer.stop()
  }

  /** Whether the brokers answer, and are those that were joined first. If not, pauses before it says so. */
  async #isThere(): Promise<boolean> {
    try {
      const { connection, group } = this.#options
      await connection.identity()
      this.#asking.worked({ group })
      return true
    } catch (error) {
      this.#noteTrouble(error)
      await this.#pause()
      return false
    }
  }

  #noteTrouble(error: unknown): void {
    const { consumer, group } = this.#options
    this.#asking.failed({ group, error: String(error) })
    if (RepriseError.is(error) && error.code === 'REPRISE_LOG_MISMATCH') consumer.refused?.(error)
  }

  #pause(): Promise<void> {
    return setTimeout(this.#backOff.next(), undefined, { signal: this.#stopping.signal }).catch(
      () => undefined,
    )
  }

  #join(): Membership {
    return new Membership({
      ...this.#options,
      lanes: this.#lanes,
      standing: this.#standing,
      onJoined: () => {
        this.#backOff.reset()
        this.#staying.worked({ group: this.#options.group })
        this.#committer.forget()
      },
    })
  }

  /** Joins again, unless that would tell the group nothing new. Lanes that are declined in the meantime are told with it. */
  #decline(lane: Lane): void {
    const { lease, logger } = this.#options
    const isKnown = this.#standing.alone || this.#standing.hasToldOf(lane)
    this.#standing.decline(lane, LEFT_FOR_LEASES * lease)
    const facts = { lane: laneName(lane), leases: LEFT_FOR_LEASES }
    logger.info(facts, 'a lane was declined; it is left to other members for a while')
    if (isKnown) return
    const membership = this.#membership
    this.#declining ??= setTimeout(beatOf(lease), undefined, { signal: this.#stopping.signal })
      .then(() => membership?.end(new Declining('lanes are left to other members')))
      .catch(() => undefined)
      .finally(() => (this.#declining = undefined))
  }

  /** Where lanes go on, their checkpoints say. What the group says of it is for people and tools. */
  async #compareOffsets(positions: readonly Position[]): Promise<void> {
    const { connection, group, logger } = this.#options
    const lost = await lostOffsets(connection, group, positions)
    if (lost.length === 0) return
    const message =
      'group offsets are missing, or were set by somebody else; they are written again from the checkpoints'
    logger.warn({ group, lanes: lost }, message)
  }

  #report(reason: Error): void {
    const { logger, settings, group, lease } = this.#options
    if (reason instanceof Declining) {
      logger.debug({ group }, reason.message)
    } else if (brokerErrorOf(reason) === 'INVALID_SESSION_TIMEOUT') {
      const message =
        'the brokers refuse this lease: set one between their group.min.session.timeout.ms and group.max.session.timeout.ms'
      logger.error({ group, lease }, message)
    } else {
      this.#staying.failed({ group, error: asRepriseError(settings, reason).message })
    }
  }
}
