import { setTimeout as delay } from 'node:timers/promises'
import { type EventAddress, ProjectionStopped } from '../core/errors/index.js'
import { laneName, type Lane, type LaneConsumer, LaneDeclined, type LogRecord } from '../log/index.js'
import { eventIn, failedOffset } from './event-address.js'
import type { VersionsMissing } from './guard.js'
import { Halt, LaneGivenUp } from './halt.js'
import type { HeldLane } from './held-lane.js'
import { LaneGap } from './lane-gap.js'
import { laneStart, provenRecords } from './lane-start.js'
import { MissingVersions } from './missing-versions.js'
import { PassingFailures } from './passing-failures.js'
import { type Settled, Settling } from './settling.js'
import type { SubscriptionOptions } from './subscription-options.js'
import { Suspicion } from './suspicion.js'
import { TopicChanged, wayOutOf } from './topic-changed.js'
import { hasDenseOffsets, ownTopicRules, type TopicRules } from './topic-rules.js'
import { isTransientFailure } from './transient-failure.js'
import { isAwaited } from './verdict.js'

/** `waiting`: versions are missing before the first of the records. */
type SettleOutcome = Settled | 'waiting'

/** Milliseconds between tries while a swap holds the checkpoints. */
const HELD_PAUSE = 50

/**
 * Feeds a subscriber from its lanes, each event exactly once: rows, letters, guards and checkpoint of a batch commit
 * together, and a stale owner's commit is refused by the checkpoint's epoch. A lane is only gone on with while the topic
 * is the one that its checkpoint was made on.
 *
 * States: running → stopped (nothing may go on: the topic is another one, or too many keys fail) | retired (another
 * generation is live). A batch that fails is rolled back, and gone through: what comes before the event that failed is
 * applied, the event is tried alone and parked where that fails too, and the rest is a batch again. Later events of its
 * key are parked behind it, all others flow. A failure that passes by itself leaves everything as it is, and the log
 * delivers again. A lane at an event that only a newer release knows is left to the processes that have it. A lane of a
 * topic whose store is out of reach waits where versions are missing, and looks for them further on.
 */
export class Subscription<Tx> implements LaneConsumer {
  readonly #options: SubscriptionOptions<Tx>
  readonly #ownRules: TopicRules
  readonly #lanes = new Map<string, HeldLane>()
  /** As each lane was held last, also one that was lost since. */
  readonly #had = new Map<string, HeldLane>()
  readonly #settling: Settling<Tx>
  readonly #passing: PassingFailures
  #ended: ProjectionStopped | 'retired' | undefined

  constructor(options: SubscriptionOptions<Tx>) {
    this.#options = options
    this.#ownRules = ownTopicRules(options)
    const { isTransient, timeOutPatience: patience } = options
    this.#passing = new PassingFailures({ isTransient, patience })
    this.#settling = new Settling(options, this.#passing)
  }

  async assigned(lane: Lane): Promise<bigint> {
    this.#refuseIfEnded()
    this.#leave(lane)
    const { checkpoints, subscriber, foreignTopics, onRetired } = this.#options
    const taken = await checkpoints.take(subscriber, lane)
    if (taken === 'retired') {
      this.#ended = 'retired'
      onRetired()
      throw new LaneGivenUp(subscriber.name, lane)
    }
    const { next, epoch, lastEventId, suspect } = taken
    const rules = foreignTopics?.get(lane.topic) ?? this.#ownRules
    const last = lastEventId === undefined ? undefined : { offset: next - 1n, proof: lastEventId }
    const anchor = this.#had.get(laneName(lane))?.anchor ?? last
    const suspicion = suspect ? this.#suspicionIn(lane, epoch) : Suspicion.none()
    const held: HeldLane = {
      lane,
      next,
      epoch,
      rules,
      last,
      anchor,
      proof: undefined,
      gap: undefined,
      suspicion,
    }
    // Already now: whatever becomes of it, this process took the lane, and lives.
    this.#had.set(laneName(lane), held)
    try {
      const from = await this.#start(held)
      this.#lanes.set(laneName(lane), held)
      return from
    } catch (error) {
      // What was suspected before stays so for others.
      if (!suspect) await this.#giveBack(held)
      throw error
    }
  }

  async recheck(lane: Lane): Promise<bigint> {
    this.#refuseIfEnded()
    const held = this.#lanes.get(laneName(lane))
    if (held === undefined) return this.assigned(lane)
    return this.#start(held)
  }

  reached(lane: Lane): bigint | undefined {
    return this.#lanes.get(laneName(lane))?.next
  }

  refused(cause: Error): void {
    this.#stop(cause)
  }

  deliver(lane: Lane, delivered: readonly LogRecord[], signal: AbortSignal): Promise<bigint> {
    return this.#goOn(lane, delivered, (held) => this.#take(held, delivered, signal))
  }

  passed(lane: Lane, from: bigint, to: bigint, signal: AbortSignal): Promise<bigint> {
    return this.#goOn(lane, [], (held) => this.#pass(held, from, to, signal))
  }

  async revoked(lane: Lane): Promise<void> {
    const held = this.#lanes.get(laneName(lane))
    this.#leave(lane)
    if (held !== undefined) await this.#giveBack(held)
  }

  async #goOn(
    lane: Lane,
    delivered: readonly LogRecord[],
    go: (held: HeldLane) => Promise<bigint>,
  ): Promise<bigint> {
    this.#refuseIfEnded()
    const held = this.#lanes.get(laneName(lane))
    if (held === undefined) throw new LaneGivenUp(this.#options.subscriber.name, lane)
    try {
      return await go(held)
    } catch (error) {
      if (error instanceof Halt) throw this.#stop(error.cause, error.address)
      if (isTransientFailure(error, this.#options.isTransient)) {
        this.#passing.note(held, failedOffset(error, delivered, held), error)
        this.#options.onTransient?.(lane, error)
        await this.#giveBack(held)
      } else if (error instanceof LaneDeclined) await this.#giveBack(held)
      throw error
    }
  }

  async #take(held: HeldLane, delivered: readonly LogRecord[], signal: AbortSignal): Promise<bigint> {
    const { gap } = held
    const [given] = delivered
    if (gap !== undefined && given !== undefined && given.offset >= gap.missing.next) {
      if (given.offset > gap.missing.next) await this.#requireNothingDeleted(held, given.offset)
      return this.#lookOn(held, gap, delivered, signal)
    }
    let records = provenRecords(this.#options.subscriber, held, delivered)
    const [first] = records
    if (first === undefined) return held.proof?.offset ?? held.next
    if (first.offset !== held.next) await this.#requireNothingDeleted(held, first.offset)
    while (records.length > 0 && !signal.aborted) {
      const outcome = await this.#settle(held, records, signal)
      if (outcome === 'waiting' && held.gap !== undefined)
        return this.#lookOn(held, held.gap, records, signal)
      if (outcome === 'held') await paused(HELD_PAUSE, signal)
      if (outcome !== 'committed') break
      records = records.filter(({ offset }) => offset >= held.next)
      // Where it is not, records are missing in between, which shows when they are asked for.
      if (hasDenseOffsets(held.rules) && records[0]?.offset !== held.next) break
    }
    return held.next
  }

  /** What was looked at again is passed by already, and nothing is written for it. */
  async #pass(held: HeldLane, from: bigint, to: bigint, signal: AbortSignal): Promise<bigint> {
    const { gap } = held
    if (to <= held.next) return held.next
    await this.#requireNothingDeleted(held, to)
    if (gap !== undefined && from >= gap.missing.next) {
      gap.missing.look({ offset: from, next: to }, undefined)
      return this.#lookOn(held, gap, [], signal)
    }
    // The record that it waits at is still to come, and the lane stays where it is, unless that record is gone.
    if (gap !== undefined && to < gap.missing.next) return to
    gap?.leave()
    held.gap = undefined
    if ((await this.#settling.pass(held, to)) === 'held') await paused(HELD_PAUSE, signal)
    return held.next
  }

  /** Settles some of the records, the first of them at the least: in one transaction, as long as none of them fails. */
  async #settle(held: HeldLane, records: readonly LogRecord[], signal: AbortSignal): Promise<SettleOutcome> {
    const [first] = records
    if (first === undefined) return 'committed'
    try {
      return await this.#settling.settle(held, records, first, signal)
    } catch (error) {
      if (isAwaited(error, held.rules)) return this.#beginWaiting(held, first, error)
      throw error
    }
  }

  /** Where the lane is to be asked for: at the record that proves its topic. */
  async #start(held: HeldLane): Promise<bigint> {
    const { lane, rules, next, anchor, last } = held
    try {
      const bounds = await this.#options.boundsOf(lane)
      const { from, proof } = laneStart(
        lane,
        wayOutOf(this.#options.subscriber, rules),
        { next, applied: [anchor, last] },
        bounds,
      )
      held.proof = proof
      return from
    } catch (error) {
      if (error instanceof Halt) throw this.#stop(error.cause)
      if (error instanceof TopicChanged) throw this.#stop(error)
      throw error
    }
  }

  /** Whoever had the lane last and lives was not killed by what is in it: it had lost the database, or the log. */
  #suspicionIn(lane: Lane, epoch: bigint): Suspicion {
    const had = this.#had.get(laneName(lane))
    return had?.epoch === epoch - 1n ? had.suspicion : Suspicion.of()
  }

  /** Whoever takes the lane next need not suspect what comes next in it, unless it is suspected here. */
  async #giveBack({ lane, epoch, suspicion }: HeldLane): Promise<void> {
    const { checkpoints, subscriber } = this.#options
    if (suspicion.lasts) return
    // If that cannot be said, it is suspected, which costs time and nothing else.
    await checkpoints.giveBack(subscriber, lane, epoch).catch(() => undefined)
  }

  #leave(lane: Lane): void {
    this.#lanes.get(laneName(lane))?.gap?.leave()
    this.#lanes.delete(laneName(lane))
  }

  /**
   * A topic may skip offsets where it was compacted, as ours never are, and where somebody's transactions end or were
   * aborted. What is deleted is deleted from its beginning on.
   */
  async #requireNothingDeleted({ lane, next, rules }: HeldLane, found: bigint): Promise<void> {
    const isSkipped = found > next && !hasDenseOffsets(rules)
    if (isSkipped && (await this.#options.boundsOf(lane)).earliest <= next) return
    throw new Halt(TopicChanged.begins(lane, wayOutOf(this.#options.subscriber, rules), next, found))
  }

  /** Notes for everybody to see that the lane waits at this record, unless it did so before. */
  async #beginWaiting(held: HeldLane, record: LogRecord, cause: VersionsMissing): Promise<'waiting'> {
    if (held.gap?.missing.isStill(cause) === true) return 'waiting'
    held.gap?.leave()
    const { subscriber, logger, alarmPauses, checkpoints } = this.#options
    const storeId = eventIn(record, held.rules)?.storeId
    const missing = new MissingVersions(cause, record.offset, storeId)
    held.gap = new LaneGap(missing, record, subscriber, logger, alarmPauses)
    await checkpoints.wait(subscriber, held.lane, held.epoch, held.gap.reason)
    return 'waiting'
  }

  /**
   * Looks for what is missing among these records, and answers where to go on: further on in the lane, until its end, and
   * then, after a pause, at the record that waits, since another lane may have brought what it waits for.
   */
  async #lookOn(
    held: HeldLane,
    gap: LaneGap,
    records: readonly LogRecord[],
    signal: AbortSignal,
  ): Promise<bigint> {
    const { lane, rules } = held
    const { missing } = gap
    for (const record of records) missing.look(record, eventIn(record, rules))
    if (missing.complete) return held.next
    const { end } = await this.#options.boundsOf(lane)
    if (missing.next < end) return missing.next
    this.#options.onWaiting?.({ ...lane, reason: gap.reason, since: gap.since })
    await paused(gap.pause(), signal)
    return held.next
  }

  #stop(cause: unknown, address?: EventAddress): ProjectionStopped {
    if (this.#ended instanceof ProjectionStopped) return this.#ended
    const { name, kind } = this.#options.subscriber
    const stopped = new ProjectionStopped(name, address, cause, kind)
    if (this.#ended === undefined) {
      this.#ended = stopped
      for (const { gap } of this.#lanes.values()) gap?.leave()
      this.#options.onStopped(stopped)
    }
    return stopped
  }

  #refuseIfEnded(): void {
    if (this.#ended === 'retired') throw new Error('this generation is not fed any more')
    if (this.#ended !== undefined) throw this.#ended
  }
}

async function paused(milliseconds: number, signal: AbortSignal): Promise<void> {
  await delay(milliseconds, undefined, { signal }).catch(() => undefined)
}
