import { setTimeout as delay } from 'node:timers/promises'
import { BackOff } from '../core/back-off.js'
import { type Failpoints, noFailpoints } from '../core/ports/failpoints.js'
import type { Logger } from '../core/ports/logger.js'
import { Trouble } from '../core/trouble.js'
import { type Handover, RowsHeldUp, RowsRefused } from './handover.js'
import { HeldUpTopics } from './held-up-topics.js'
import { SLOTS } from '../log/index.js'
import type { Fence, Outbox, OutboxRow, Settlement } from './outbox.js'

/** The slots that a relay holds, kept alive by renewing. */
export interface SlotLeases {
  /** Answers the slots held now, each with its epoch, and in how many milliseconds to renew again. */
  renew(): Promise<{ readonly held: ReadonlyMap<number, bigint>; readonly renewIn: number }>
  leave(): Promise<void>
}

export interface RelayOptions {
  readonly outbox: Outbox
  readonly handover: Handover
  readonly leases: SlotLeases
  /** This relay's id in the lease table. */
  readonly owner: string
  /** Milliseconds that a lease lasts. */
  readonly lease: number
  readonly logger: Logger
  /** What is in the outbox, for the log. @defaultValue 'events' */
  readonly what?: 'events' | 'dead letters'
  /** Rows per handover at the most. @defaultValue 1000 */
  readonly batchSize?: number
  /** Milliseconds between looks at an idle outbox, for when a wake-up call was lost. @defaultValue 500 */
  readonly pollInterval?: number
  /** Told after each handover, so that readers of the log need not poll for it. */
  readonly onPublished?: (count: number) => void
  /** @defaultValue ones that do nothing */
  readonly failpoints?: Failpoints
}

/**
 * Moves committed events from the outbox to the log: claim → hand over → delete, one batch at a time, in id order.
 *
 * States: created → running → stopping → stopped. While running it holds a fair share of the slots; several relays
 * share them, and a slot of one that fell silent goes to another after the lease. A failure (database or broker away)
 * is retried with growing pauses up to 5 s for as long as the relay runs: nothing is skipped, nothing is given up. A topic
 * that takes nothing is tried again in the same way, while the others go on. A row that the log refuses for itself is parked,
 * with its key's later rows, until an operator sends it back; other keys go on.
 */
export class Relay {
  readonly #options: RelayOptions
  readonly #stopping = new AbortController()
  readonly #publishing: Trouble
  readonly #holding: Trouble
  readonly #heldUp: HeldUpTopics
  #fence: Fence
  #published = 0
  #wake: (() => void) | undefined
  #woken = false
  #running: Promise<void> | undefined
  #renewal: NodeJS.Timeout | undefined
  #renewing: Promise<void> | undefined

  constructor(options: RelayOptions) {
    const { logger, what = 'events' } = options
    this.#options = options
    this.#publishing = new Trouble(logger, {
      fails: `publishing ${what} failed; it will be tried again`,
      over: `${what} are published again`,
    })
    this.#holding = new Trouble(logger, {
      fails: `the relay of ${what} could not renew its slots; it will try again`,
      over: `the relay of ${what} renews its slots again`,
    })
    this.#heldUp = new HeldUpTopics(logger, what)
    this.#fence = { owner: options.owner, epochs: new Map() }
  }

  /** Rows handed over since the start. */
  get published(): number {
    return this.#published
  }

  /** Whether nobody else publishes, so that nobody else need be woken. */
  get holdsEverySlot(): boolean {
    return this.#fence.epochs.size === SLOTS
  }

  /** Takes its first slots before it resolves. */
  async start(): Promise<void> {
    await this.#renew()
    this.#running = this.#run()
  }

  /** Something may be in the outbox. */
  wake(): void {
    this.#woken = true
    this.#wake?.()
  }

  /** Finishes the batch under way and gives the slots back. Rows that are left stay in the outbox. */
  async stop(): Promise<void> {
    if (this.#stopping.signal.aborted) return
    this.#stopping.abort()
    this.wake()
    clearTimeout(this.#renewal)
    await this.#running
    await this.#renewing?.catch(() => undefined)
    await this.#options.handover.close()
    await this.#options.leases.leave().catch((error: unknown) => {
      this.#options.logger.debug(
        { error: String(error) },
        'the relay could not give its slots back; they expire by themselves',
      )
    })
  }

  async #run(): Promise<void> {
    const backOff = new BackOff()
    while (!this.#stopping.signal.aborted) {
      try {
        const moved = await this.#moveBatch()
        backOff.reset()
        if (moved > 0 || this.#knowsOfNothingLeft) this.#publishing.worked()
        if (moved === 0) await this.#rest(Math.min(this.#options.pollInterval ?? 500, this.#heldUp.nextTryIn))
      } catch (error) {
        const pause = backOff.next()
        this.#publishing.failed({ error: String(error), retryInMs: Math.round(pause) })
        await this.#pause(pause)
      }
    }
  }

  /** Without a slot nothing was asked for, and of topics that are held up not everything. */
  get #knowsOfNothingLeft(): boolean {
    return this.#fence.epochs.size > 0 && this.#heldUp.isEmpty
  }

  async #moveBatch(): Promise<number> {
    const { outbox, handover } = this.#options
    const fence = this.#fence
    this.#woken = false
    if (fence.epochs.size === 0) return 0
    const rows = await this.#claim(fence)
    if (rows.length === 0) return 0
    const waiting = rows.filter(({ waits }) => waits).map((row) => ({ row }))
    if (waiting.length > 0)
      return (await this.#goesOnAfter(await outbox.park(waiting, fence))) ? waiting.length : 0
    try {
      if (!(await this.#goesOnAfter(await handover.handOver(rows, fence)))) return 0
      this.#count(rows)
      return rows.length
    } catch (error) {
      // One that names no row is not about rows: it is a failure like any other.
      if (error instanceof RowsRefused && error.refused.length > 0) return this.#park(error, fence)
      if (error instanceof RowsHeldUp) return this.#leaveOut(error, fence)
      throw error
    }
  }

  /** Beside topics that are held up it walks past all that waits for them: the database rests as long as that takes. */
  async #claim({ epochs }: Fence): Promise<readonly OutboxRow[]> {
    const { outbox, batchSize = 1_000 } = this.#options
    const { leftOut } = this.#heldUp
    const begun = performance.now()
    const rows = await outbox.claim([...epochs.keys()], batchSize, leftOut)
    if (leftOut.length > 0) await this.#pause(performance.now() - begun)
    return rows
  }

  /** Goes on at once with the other topics. */
  async #leaveOut({ failures, published }: RowsHeldUp, fence: Fence): Promise<number> {
    const moved = (await this.#settles(published, fence)) ? published.length : 0
    this.#heldUp.failed(failures)
    this.wake()
    return moved
  }

  /** Settles what was published beside rows that were not, and would be published again. */
  async #settles(published: readonly OutboxRow[], fence: Fence): Promise<boolean> {
    if (published.length === 0) return true
    if (!(await this.#goesOnAfter(await this.#options.outbox.settle(published, fence)))) return false
    this.#count(published)
    return true
  }

  /** Answers how many rows are out of the way. */
  async #park({ refused, published }: RowsRefused, fence: Fence): Promise<number> {
    const { outbox, logger } = this.#options
    if (!(await this.#settles(published, fence))) return 0
    if (!(await this.#goesOnAfter(await outbox.park(refused, fence)))) return 0
    for (const { row, reason } of refused) {
      const { id, topic, key } = row
      logger.error(
        { topic, key, row: id, reason },
        'the log refuses a record for itself: it is parked with what comes after it of its key; see reprise outbox status',
      )
    }
    return refused.length
  }

  #count(rows: readonly OutboxRow[]): void {
    this.#published += rows.length
    this.#heldUp.worked(rows)
    this.#options.onPublished?.(rows.length)
  }

  /** Whether rows are settled or parked. If not, what has to be done first is done or under way. */
  async #goesOnAfter(outcome: Settlement): Promise<boolean> {
    if (outcome === 'fenced') await this.#renew()
    if (outcome !== 'settled') this.wake()
    return outcome === 'settled'
  }

  /** One renewal at a time: of two, the answer that comes last could be the older one. */
  #renew(): Promise<void> {
    this.#renewing ??= this.#renewSlots().finally(() => (this.#renewing = undefined))
    return this.#renewing
  }

  async #renewSlots(): Promise<void> {
    const { leases, failpoints = noFailpoints } = this.#options
    await failpoints.reach('renew:before')
    const { held, renewIn } = await leases.renew()
    await failpoints.reach('renew:after')
    this.#holding.worked()
    const grown = held.size > this.#fence.epochs.size
    this.#fence = { owner: this.#options.owner, epochs: held }
    this.#renewAfter(renewIn)
    if (grown) this.wake()
  }

  #renewAfter(milliseconds: number): void {
    clearTimeout(this.#renewal)
    if (this.#stopping.signal.aborted) return
    this.#renewal = setTimeout(() => void this.#renewQuietly(), milliseconds)
  }

  async #renewQuietly(): Promise<void> {
    try {
      await this.#renew()
    } catch (error) {
      this.#holding.failed({ error: String(error) })
      this.#renewAfter(this.#options.lease / 3)
    }
  }

  /** Ends early only to stop. */
  #pause(milliseconds: number): Promise<unknown> {
    return delay(milliseconds, undefined, { signal: this.#stopping.signal }).catch(() => undefined)
  }

  #rest(milliseconds: number): Promise<void> {
    if (this.#woken || this.#stopping.signal.aborted) return Promise.resolve()
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer)
        this.#wake = undefined
        resolve()
      }
      const timer = setTimeout(done, milliseconds)
      this.#wake = done
    })
  }
}
