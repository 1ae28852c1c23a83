import type { EventReader } from '../../core/ports/event-reader.js'

/** The history of a service that has no store. Nothing that serves such a service asks for it. */
export class HistoryOutOfReach implements EventReader {
  versions(): Promise<never> {
    return outOfReach()
  }

  page(): Promise<never> {
    return outOfReach()
  }

  count(): Promise<never> {
    return outOfReach()
  }

  head(): Promise<never> {
    return outOfReach()
  }

  lastPosition(): Promise<never> {
    return outOfReach()
  }
}

function outOfReach(): Promise<never> {
  return Promise.reject(new Error('a service that only consumes has no store to read history from'))
}
