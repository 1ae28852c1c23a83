import type { EventEncoding } from '../core/event-encoding.js'
import type { StoredEvent } from '../core/envelope.js'
import type { Lane } from '../log/index.js'
import { type Applying, applyInSequence, type Parks } from './apply-in-sequence.js'
import { ownKey } from './apply-unparked.js'
import type { CheckpointStore } from './checkpoint-store.js'
import { failedEvent } from './event-address.js'
import { classToPark, parkedFailureOf } from './parked-failure.js'
import { ParkingCeiling } from './parking-ceiling.js'
import type { ParkedFailure } from './parking.js'
import { isTransientFailure } from './transient-failure.js'

export interface BackfillingOptions<Tx> extends Pick<
  Applying<Tx>,
  'subscriber' | 'eventTypes' | 'history' | 'logger'
> {
  readonly checkpoints: CheckpointStore<Tx>
  readonly encoding: EventEncoding
  readonly isTransient: (error: unknown) => boolean
  /** How often an event is tried before it is parked. */
  readonly attempts: number
  /** What stands for the store in a letter, whose offset is the event's position. */
  readonly lane: Lane
}

/**
 * Applies events of the store to a generation that nobody feeds yet, and parks those that fail, as a lane does; tries are
 * not kept, since a generation whose building ended is not gone on with.
 */
export class Backfilling<Tx> {
  readonly #options: BackfillingOptions<Tx>
  readonly #ceiling = new ParkingCeiling()

  constructor(options: BackfillingOptions<Tx>) {
    this.#options = options
  }

  /**
   * Applies events in the order of the store, in one transaction as long as none of them fails.
   *
   * @throws {@link ParkingCeilingReached} when too many keys fail, and what passes by itself
   */
  async apply(page: readonly StoredEvent[]): Promise<void> {
    try {
      await this.#commit(page, new Map(), false)
    } catch (error) {
      this.#rethrowTransient(error)
      for (const event of page) await this.#applyAlone(event)
    }
  }

  async #applyAlone(event: StoredEvent): Promise<void> {
    const { attempts, subscriber } = this.#options
    const failures = new Map<string, ParkedFailure>()
    const firstFailedAt = new Date()
    for (let attempt = 1; ; attempt++) {
      try {
        await this.#commit([event], failures, true)
        return
      } catch (error) {
        this.#rethrowTransient(error)
        const failed = failedEvent(error)
        const eventId = failed?.eventId ?? event.eventId
        if (failures.has(eventId)) throw error
        const failureClass = classToPark(error)
        if (failureClass === 'handler' && attempt < attempts) continue
        const refusal = this.#ceiling.refusal(subscriber, ownKey(event, this.#options))
        if (refusal !== undefined) throw refusal
        this.#ceiling.park([ownKey(event, this.#options)])
        const facts = { class: failureClass, type: failed?.type, attempts: attempt, firstFailedAt }
        failures.set(eventId, parkedFailureOf(error, facts))
      }
    }
  }

  #commit(
    page: readonly StoredEvent[],
    failures: ReadonlyMap<string, ParkedFailure>,
    alone: boolean,
  ): Promise<void> {
    const { checkpoints, subscriber, encoding, lane } = this.#options
    const recordOf: Parks['recordOf'] = (event) => {
      const position =
        page.find(({ eventId }) => eventId === event.eventId)?.position ?? page[0]?.position ?? 0n
      const { headers, value } = encoding.encode({ ...event, position })
      return { ...lane, offset: position, key: event.stream.id, headers, value, timestamp: event.recordedAt }
    }
    return checkpoints.backfill(subscriber, async (scope) => {
      await applyInSequence(scope, page, { ...this.#options, parks: { failures, recordOf }, alone })
    })
  }

  #rethrowTransient(error: unknown): void {
    if (isTransientFailure(error, this.#options.isTransient)) throw error
  }
}
