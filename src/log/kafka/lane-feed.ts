import { setTimeout } from 'node:timers/promises'
import { BackOff } from '../../core/back-off.js'
import { RepriseError } from '../../core/errors/index.js'
import type { Logger } from '../../core/ports/logger.js'
import { Trouble } from '../../core/trouble.js'
import { type Lane, type LaneConsumer, LaneDeclined, laneName, recheck, TAKING } from '../lane-consumer.js'
import { nextAfter } from '../log-record.js'
import { type FetchControl, type FetchedMessages, recordsOf } from './records-of-fetch.js'
import { settlesWithin } from './settles-within.js'

export interface LaneFeedOptions {
  readonly consumer: LaneConsumer
  readonly batchSize: number
  /** Milliseconds that the other lanes of a fetch wait for this one. */
  readonly patience: number
  readonly logger: Logger
  /** Told how far the lane is: when it begins, and after each batch. */
  readonly onMoved: (lane: Lane, next: bigint) => void
  /** Told once the consumer has given a lane up, to leave it to other members. */
  readonly onDeclined: (lane: Lane) => void
  /** For how many milliseconds a lane is still left to others. */
  readonly declinedFor: (lane: Lane) => number
}

/** So many fetches in a row may begin elsewhere than they were asked to, before that is taken for the truth. */
const ASKED_AGAIN = 2

const ASKING = {
  fails: 'the consumer did not say where to begin; it will be asked again',
  over: 'the consumer says where to begin',
}

/** Whether a lane has to be taken before it goes on, or only to be looked at again. */
export type Beginning = 'assigned' | 'recheck'

/**
 * One lane for as long as this member has it: fetched records go in, and their consumer gets them, one batch after the
 * other, from the offset that it asked for.
 *
 * States: paused (the consumer is asked where to begin) ⇄ flowing ⇄ paused (a batch outlasts the patience, or the lane is
 * to begin again) → ended. After a failure the lane pauses, a little longer each time, and begins again with `assigned`;
 * other lanes flow on. A lane that its consumer declines stays paused for as long as it is left to others.
 */
export class LaneFeed {
  readonly lane: Lane
  readonly #options: LaneFeedOptions
  readonly #fetch: FetchControl
  readonly #backOff = new BackOff()
  readonly #asking: Trouble
  readonly #taking: Trouble
  readonly #lost = new AbortController()
  #next: bigint | undefined
  #paused = true
  #held = false
  #askedAgain = 0
  #isLooking = false
  /** Where that ends which was fetched without messages, and is passed by at the moment or right after. */
  #passesTo: bigint | undefined
  /** How it is to begin again, after what is under way. */
  #due: Beginning | undefined
  #beginning: Promise<void> | undefined
  #delivery: Promise<void> | undefined

  /** The client must not fetch the lane yet. */
  constructor(lane: Lane, fetch: FetchControl, options: LaneFeedOptions) {
    this.lane = lane
    this.#fetch = fetch
    this.#options = options
    this.#asking = new Trouble(options.logger, ASKING)
    this.#taking = new Trouble(options.logger, TAKING)
  }

  /** Where a fetch that is under way began; undefined while the lane waits for its consumer. */
  get waitsAt(): bigint | undefined {
    return this.#paused || this.#delivery !== undefined ? undefined : this.#next
  }

  /** Begins when `after`, the end of an earlier feed of this lane, is there. */
  start(after: Promise<void>): void {
    this.#during(after.then(() => this.#leaveToOthers()).then(() => this.#begin('assigned')))
  }

  /** Asks the consumer again where to begin, after what is under way. Nothing is fetched meanwhile. */
  again(how: Beginning): void {
    this.#pause()
    this.#due = this.#due === 'assigned' ? 'assigned' : how
    this.#beginIfDue()
  }

  /**
   * Has the consumer look whether the log still holds what it gave, where it can do that without taking the lane again. Not
   * while an earlier look is under way: on a slow connection none would ever come to its end.
   */
  look(): void {
    if (this.#isLooking || this.#options.consumer.recheck === undefined) return
    this.#isLooking = true
    this.again('recheck')
  }

  /**
   * Takes what was fetched. Resolves when it is delivered, or when the lane is paused because that takes too long or failed.
   * Where there was nothing to give out, the client fetches on meanwhile: what that brings comes behind.
   */
  async take(fetched: FetchedMessages): Promise<void> {
    const until = performance.now() + this.#options.patience
    const before = this.#paused ? undefined : this.#delivery
    if (before !== undefined && !(await this.#isNextAfter(before, fetched))) return
    if (this.#isOver() || this.#paused || this.#delivery !== undefined) return
    if (!this.#isAskedFor(fetched.from)) return
    this.#isLooking = false
    const given = fetched.messages.length === 0 ? this.#pass(fetched) : this.#deliver(fetched)
    const delivery = this.#goOnAfter(given).finally(() => {
      this.#delivery = undefined
      this.#beginIfDue()
    })
    this.#delivery = delivery
    if (!(await settlesWithin(delivery, until - performance.now())) && !this.#isOver()) this.#pause()
  }

  /** Asks the batch under way to give up, waits for it, and gives the lane back. Nothing is delivered any more. */
  async end(): Promise<void> {
    this.#lost.abort()
    await this.#delivery
    await this.#beginning
    await this.#giveBack()
  }

  #isOver(): boolean {
    return this.#lost.signal.aborted
  }

  #beginIfDue(): void {
    const isBusy = this.#beginning !== undefined || this.#delivery !== undefined
    if (this.#due === undefined || isBusy || this.#isOver()) return
    this.#during(this.#begin(this.#due))
  }

  #during(beginning: Promise<void>): void {
    this.#beginning = beginning.finally(() => {
      this.#beginning = undefined
      this.#beginIfDue()
    })
  }

  async #begin(first: Beginning): Promise<void> {
    let how: Beginning | undefined = first
    while (how !== undefined && !this.#isOver()) {
      try {
        const next = await this.#ask(how)
        this.#asking.worked({ lane: laneName(this.lane) })
        this.#held = true
        if (this.#due === undefined && !this.#isOver()) {
          this.#tellReached(next)
          this.#goOnFrom(next)
        }
        how = this.#due
      } catch (error) {
        how = 'assigned'
        await this.#recoverFrom(error, this.#asking)
      }
    }
  }

  #ask(how: Beginning): Promise<bigint> {
    const { consumer } = this.#options
    this.#due = undefined
    return how === 'recheck' ? recheck(consumer, this.lane) : consumer.assigned(this.lane)
  }

  /** Answers where to go on. */
  async #deliver(fetched: FetchedMessages): Promise<bigint | undefined> {
    const { batchSize, consumer } = this.#options
    const all = recordsOf(this.lane, fetched)
    let next = this.#next
    for (let at = 0; at < all.length && !this.#isOver() && this.#due === undefined; at += batchSize) {
      const records = all.slice(at, at + batchSize)
      next = await consumer.deliver(this.lane, records, this.#lost.signal)
      this.#tookUpTo(next)
      const last = records.at(-1)
      if (last === undefined || next !== nextAfter(last)) break
    }
    return next
  }

  /**
   * Whether it is to be taken after what is under way. What has no messages either is passed by along with that. Whatever
   * does not fit is let go: the end of what is under way has the client fetch anew from there.
   */
  async #isNextAfter(delivery: Promise<void>, { messages, from, next }: FetchedMessages): Promise<boolean> {
    if (messages.length > 0) await settlesWithin(delivery, this.#options.patience)
    else if (from === this.#passesTo) this.#passesTo = next
    return messages.length > 0 && from === this.#next
  }

  /** Tells of offsets without a record, also of those that are fetched meanwhile. Answers where to go on. */
  async #pass({ from, next: to }: FetchedMessages): Promise<bigint> {
    this.#passesTo = to
    const next = (await this.#options.consumer.passed?.(this.lane, from, to, this.#lost.signal)) ?? to
    this.#tookUpTo(next)
    const isAll = next !== to || this.#passesTo === to || this.#isOver() || this.#due !== undefined
    return isAll ? next : this.#pass({ messages: [], from: to, next: this.#passesTo })
  }

  #tookUpTo(next: bigint): void {
    this.#backOff.reset()
    this.#taking.worked({ lane: laneName(this.lane) })
    if (!this.#isOver()) this.#tellReached(next)
  }

  async #goOnAfter(given: Promise<bigint | undefined>): Promise<void> {
    try {
      const next = await given
      if (next !== undefined && this.#due === undefined) this.#goOnFrom(next)
    } catch (error) {
      if (this.#isOver()) return
      this.#pause()
      this.#during(this.#recoverFrom(error, this.#taking).then(() => this.#begin('assigned')))
    }
  }

  /**
   * Whether the fetch begins where it was asked to. If not, the answer may be of an earlier question, or the client has set
   * itself back because the log did not hold the offset: the lane begins again, where its consumer looks once more at what
   * it applied last. Going on at the same offset could be too late for that: a topic that was made anew grows. What still
   * begins elsewhere then is what the log really holds, and the consumer has to see it.
   */
  #isAskedFor(from: bigint): boolean {
    if (this.#next === undefined) return false
    const asked = from === this.#next
    if (!asked && this.#askedAgain < ASKED_AGAIN) {
      this.#askedAgain++
      this.again('recheck')
      return false
    }
    if (!asked) {
      const facts = { lane: laneName(this.lane), asked: this.#next.toString(), found: from.toString() }
      this.#options.logger.warn(facts, 'the log does not hold the offset that was asked for')
    }
    this.#askedAgain = 0
    return true
  }

  #tellReached(next: bigint): void {
    const { consumer, onMoved } = this.#options
    onMoved(this.lane, consumer.reached?.(this.lane) ?? next)
  }

  #goOnFrom(next: bigint): void {
    if (this.#isOver()) return
    this.#next = next
    this.#fetch.seek(this.lane, next)
    if (!this.#paused) return
    this.#paused = false
    this.#fetch.resume(this.lane)
  }

  /** Also one that is paused already: the client forgets it when it joins the group again. */
  #pause(): void {
    this.#paused = true
    this.#fetch.pause([this.lane])
  }

  async #decline(): Promise<void> {
    this.#pause()
    await this.#giveBack()
    if (this.#isOver()) return
    this.#options.onDeclined(this.lane)
    await this.#leaveToOthers()
  }

  #leaveToOthers(): Promise<void> {
    return this.#rest(this.#options.declinedFor(this.lane))
  }

  async #giveBack(): Promise<void> {
    if (!this.#held) return
    this.#held = false
    try {
      await this.#options.consumer.revoked(this.lane)
    } catch (error) {
      const facts = { lane: laneName(this.lane), error: String(error) }
      this.#options.logger.warn(facts, 'a consumer failed when its lane was revoked')
    }
  }

  async #recoverFrom(error: unknown, trouble: Trouble): Promise<void> {
    if (error instanceof LaneDeclined) return this.#decline()
    const facts = { lane: laneName(this.lane), error: String(error) }
    // What the consumer will not take again it has reported itself.
    if (RepriseError.is(error) && !error.retriable) trouble.noted(facts)
    else trouble.failed(facts)
    await this.#rest(this.#backOff.next())
  }

  async #rest(milliseconds: number): Promise<void> {
    if (milliseconds > 0)
      await setTimeout(milliseconds, undefined, { signal: this.#lost.signal }).catch(() => undefined)
  }
}
