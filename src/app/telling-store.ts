import type { EventStore } from '../core/ports/event-store.js'
import type { Logger } from '../core/ports/logger.js'
import { Trouble } from '../core/trouble.js'
import { messageOf } from './health/part-state.js'

export interface StoreTeller {
  readonly logger: Logger
  /** Where the store is, without what opens it. */
  readonly address: string
  /** Whether a failure tells that the store's server is away. */
  readonly isAway: (error: unknown) => boolean
}

/**
 * A store that says in the log when its server does not answer commands, and when it does again. Their callers are told by
 * an error, and who operates the process would see nothing of it: a server that falls silent closes no connection. What
 * commands do in transactions of their callers tells nothing of the server.
 */
export function tellingStore(store: EventStore, { logger, address, isAway }: StoreTeller): EventStore {
  const trouble = new Trouble(logger, {
    fails: 'the store does not answer commands; their callers are told to try again',
    over: 'the store answers commands again',
  })
  const database = { database: address }
  let failures = 0
  const told = async <T>(call: () => Promise<T>): Promise<T> => {
    const before = failures
    try {
      const answer = await call()
      // While some calls fail and others do not, as with too many at once, it is not over.
      if (failures === before) trouble.worked(database)
      return answer
    } catch (error) {
      if (isAway(error)) {
        failures += 1
        trouble.failed({ error: messageOf(error), ...database })
      }
      throw error
    }
  }
  return {
    append: (requests) => told(() => store.append(requests)),
    appendWithin: (tx, request) => store.appendWithin(tx, request),
    requireWithin: (tx) => store.requireWithin(tx),
    load: (stream, options) =>
      options?.tx === undefined ? told(() => store.load(stream, options)) : store.load(stream, options),
    headsAndResult: (streams, commandId, tx) =>
      tx === undefined
        ? told(() => store.headsAndResult(streams, commandId))
        : store.headsAndResult(streams, commandId, tx),
  }
}
