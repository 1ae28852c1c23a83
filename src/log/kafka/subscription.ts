import { setTimeout } from 'node:timers/promises'
import { BackOff } from '../../core/back-off.js'
import type { Logger } from '../../core/ports/logger.js'
import { asRepriseError, brokerErrorOf, type KafkaClients, type KafkaSettings } from '../../kafka/index.js'
import type { LogSubscription, SubscribeOptions } from '../log.js'
import { LaneSet } from './lane-set.js'
import { beatOf, Membership } from './membership.js'
import { OffsetCommitter } from './offset-committer.js'
import { settlesWithin } from './settles-within.js'

export interface KafkaSubscriptionOptions extends SubscribeOptions {
  readonly settings: KafkaSettings
  readonly clients: KafkaClients
  readonly logger: Logger
  /** How many partitions the topics have together. */
  readonly partitions: number
  readonly lease: number
  readonly batchSize: number
}

const STOPPED_WITHIN = 15_000
const COMMITTED_WITHIN = 2_000
const LEFT_WITHIN = 10_000

/**
 * A member of a group on Kafka.
 *
 * States: member (of the group, or joining it) ⇄ pausing (the stay ended by itself) → stopped. The pause grows up to 5 s
 * and is short again after a stay that was given its partitions.
 */
export class KafkaSubscription implements LogSubscription {
  readonly #options: KafkaSubscriptionOptions
  readonly #lanes: LaneSet
  readonly #committer: OffsetCommitter
  readonly #backOff = new BackOff()
  readonly #stopping = new AbortController()
  readonly #running: Promise<void>
  #membership: Membership | undefined

  constructor(options: KafkaSubscriptionOptions) {
    this.#options = options
    this.#committer = new OffsetCommitter(
      (positions) => this.#membership?.commit(positions) ?? Promise.resolve(),
    )
    this.#lanes = new LaneSet({
      ...options,
      patience: beatOf(options.lease),
      onMoved: (lane, next) => this.#committer.moved(lane, next),
    })
    this.#running = this.#run()
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
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
      const membership = this.#join()
      this.#membership = membership
      const reason = await Promise.race([membership.over, stopRequested])
      await this.#lanes.loseAll()
      if (reason === undefined) await settlesWithin(this.#committer.flush(), COMMITTED_WITHIN)
      else this.#report(reason)
      await settlesWithin(membership.leave(), LEFT_WITHIN)
      if (reason !== undefined) await this.#pause()
    }
    this.#committer.stop()
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
      onJoined: () => {
        this.#backOff.reset()
        this.#committer.forget()
      },
    })
  }

  #report(reason: Error): void {
    const { logger, settings, group, lease } = this.#options
    if (brokerErrorOf(reason) === 'INVALID_SESSION_TIMEOUT') {
      const message =
        'the brokers refuse this lease: set one between their group.min.session.timeout.ms and group.max.session.timeout.ms'
      logger.error({ group, lease }, message)
    } else {
      logger.warn(
        { group, error: asRepriseError(settings, reason).message },
        'the group was left; it will be joined again',
      )
    }
  }
}
