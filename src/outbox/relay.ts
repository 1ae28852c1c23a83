import { setTimeout as delay } from 'node:timers/promises'
import { BackOff } from '../core/back-off.js'
import type { Logger } from '../core/ports/logger.js'
import type { Handover } from './handover.js'
import { type Fence, type Outbox, SLOTS } from './outbox.js'

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
  /** Rows per handover at the most. @defaultValue 1000 */
  readonly batchSize?: number
  /** Milliseconds between looks at an idle outbox, for when a wake-up call was lost. @defaultValue 500 */
  readonly pollInterval?: number
  /** Told after each handover, so that readers of the log need not poll for it. */
  readonly onPublished?: (count: number) => void
}

/**
 * Moves committed events from the outbox to the log: claim → hand over → delete, one batch at a time, in id order.
 *
 * States: created → running → stopping → stopped. While running it holds a fair share of the slots; several relays
 * share them, and a slot of one that fell silent goes to another after the lease. A failure (database or broker away)
 * is retried with growing pauses up to 5 s for as long as the relay runs: nothing is skipped, nothing is given up.
 */
export class Relay {
  readonly #options: RelayOptions
  readonly #stopping = new AbortController()
  #fence: Fence
  #published = 0
  #wake: (() => void) | undefined
  #woken = false
  #running: Promise<void> | undefined
  #renewal: NodeJS.Timeout | undefined
  #renewing: Promise<void> | undefined

  constructor(options: RelayOptions) {
    this.#options = options
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
        if (moved === 0) await this.#rest(this.#options.pollInterval ?? 500)
      } catch (error) {
        const pause = backOff.next()
        this.#options.logger.warn(
          { error: String(error), retryInMs: pause },
          'publishing from the outbox failed; it will be tried again',
        )
        await delay(pause, undefined, { signal: this.#stopping.signal }).catch(() => undefined)
      }
    }
  }

  async #moveBatch(): Promise<number> {
    const { outbox, handover, batchSize = 1_000 } = this.#options
    const fence = this.#fence
    this.#woken = false
    if (fence.epochs.size === 0) return 0
    const rows = await outbox.claim([...fence.epochs.keys()], batchSize)
    if (rows.length === 0) return 0
    const outcome = await handover.handOver(rows, fence)
    if (outcome === 'fenced') await this.#renew()
    if (outcome === 'stale') this.wake()
    if (outcome !== 'settled') return 0
    this.#published += rows.length
    this.#options.onPublished?.(rows.length)
    return rows.length
  }

  /** One renewal at a time: of two, the answer that comes last could be the older one. */
  #renew(): Promise<void> {
    this.#renewing ??= this.#renewSlots().finally(() => (this.#renewing = undefined))
    return this.#renewing
  }

  async #renewSlots(): Promise<void> {
    const { held, renewIn } = await this.#options.leases.renew()
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
      this.#options.logger.warn(
        { error: String(error) },
        'the relay could not renew its slots; it will try again',
      )
      this.#renewAfter(this.#options.lease / 3)
    }
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
