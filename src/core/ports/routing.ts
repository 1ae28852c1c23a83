import type { StreamRef } from '../stream.js'

/** Where the events of a stream go: their topic, the key that keeps them in order there, and the outbox slot. */
export interface Route {
  readonly topic: string
  readonly key: string
  readonly slot: number
}

/** Decides, while an append is prepared, where its events will be published. Pure. */
export type Routing = (stream: StreamRef) => Route
