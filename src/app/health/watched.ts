import { RepriseError } from '../../core/errors/index.js'
import type { EventStore } from '../../core/ports/event-store.js'
import { type Handover, RowsHeldUp, RowsRefused } from '../../outbox/handover.js'
import type { Outbox } from '../../outbox/outbox.js'
import type { SlotLeases } from '../../outbox/relay.js'
import { type CheckpointStore, checkpointsWith } from '../../subscriptions/index.js'
import type { Feeders } from '../../projections/feeders.js'
import type { FeedState } from './feed-state.js'
import type { PartState } from './part-state.js'

/** A server that calls are made to, and which of their failures tell of it. */
export interface Server {
  readonly state: PartState
  readonly isAway: (error: unknown) => boolean
}

/** Tells the state of a part by a call that is made to it anyway. */
async function watched<T>(
  state: PartState,
  isFailure: (error: unknown) => boolean,
  call: () => Promise<T>,
): Promise<T> {
  try {
    const answer = await call()
    state.answered()
    return answer
  } catch (error) {
    if (isFailure(error)) state.failed(error)
    throw error
  }
}

const always = (): boolean => true

const isLogAway = (error: unknown): boolean =>
  RepriseError.is(error) && error.code === 'REPRISE_LOG_UNAVAILABLE'

/** The store as commands see it. What they do in transactions of their callers tells nothing of it. */
export function watchedStore(
  store: EventStore,
  state: PartState,
  appends: PartState,
  isAway: (error: unknown) => boolean,
): EventStore {
  const watch = <T>(call: () => Promise<T>) => watched(state, isAway, call)
  return {
    append: (requests) => watched(appends, isAway, () => watch(() => store.append(requests))),
    appendWithin: (tx, request) => store.appendWithin(tx, request),
    requireWithin: (tx) => store.requireWithin(tx),
    load: (stream, options) =>
      options?.tx === undefined ? watch(() => store.load(stream, options)) : store.load(stream, options),
    headsAndResult: (streams, commandId, tx) =>
      tx === undefined
        ? watch(() => store.headsAndResult(streams, commandId))
        : store.headsAndResult(streams, commandId, tx),
  }
}

/**
 * Whatever keeps a relay from publishing is a failure of it, but for rows that nobody could publish, and for topics that take
 * nothing: those show by what waits for them. Where the log is a server of its own, what is handed over tells of that as well.
 */
export const watchedHandover = (
  handover: Handover,
  state: PartState,
  log: PartState | undefined,
): Handover => ({
  handOver: async (rows, fence) => {
    const handOver = () => handover.handOver(rows, fence)
    try {
      return await watched(
        state,
        (error) => !(error instanceof RowsRefused || error instanceof RowsHeldUp),
        log === undefined ? handOver : () => watched(log, isLogAway, handOver),
      )
    } catch (error) {
      if (error instanceof RowsHeldUp) {
        state.answered()
        state.noted(error)
      }
      throw error
    }
  },
  close: () => handover.close(),
})

/** Renewing tells of the leases whatever it fails at, and of their server where that does not answer. */
export const watchedLeases = (leases: SlotLeases, state: PartState, server: Server): SlotLeases => ({
  renew: () => watched(state, always, () => watched(server.state, server.isAway, () => leases.renew())),
  leave: () => leases.leave(),
})

/** An outbox whose relay looks into it all the time: what becomes of its server is noticed though nobody asks. */
export const watchedOutbox = (outbox: Outbox, { state, isAway }: Server): Outbox => ({
  claim: (...asked) => watched(state, isAway, () => outbox.claim(...asked)),
  settle: (rows, fence) => outbox.settle(rows, fence),
  park: (rows, fence) => outbox.park(rows, fence),
})

/** The same by those who say now and then what they feed. */
export const watchedFeeders = (feeders: Feeders, { state, isAway }: Server): Feeders => ({
  renew: (...said) => watched(state, isAway, () => feeders.renew(...said)),
  of: (projection) => feeders.of(projection),
})

/**
 * A projection's batches, all other calls as they are. A batch that is not committed is tried again, so that its error is
 * not the end of the projection.
 */
export function watchedCheckpoints<Tx>(store: CheckpointStore<Tx>, state: FeedState): CheckpointStore<Tx> {
  const move: CheckpointStore<Tx>['move'] = async (subscriber, batch, work) => {
    try {
      const outcome = await store.move(subscriber, batch, work)
      state.settled(batch.lane)
      return outcome
    } catch (error) {
      state.failed(error)
      throw error
    }
  }
  return checkpointsWith(store, { move })
}
