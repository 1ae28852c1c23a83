import { FeedState } from './feed-state.js'
import { PartState } from './part-state.js'

/** What a relay works with: the leases on its slots, and handing over. */
export interface RelayStates {
  readonly leases: PartState
  readonly publishing: PartState
}

const relayStates = (): RelayStates => ({ leases: new PartState(), publishing: new PartState() })

/** What an app works with, and what works for it, as their calls found them. */
export class PartStates {
  readonly store = new PartState()
  /** What commands store: a server that answers may still take nothing. */
  readonly appends = new PartState()
  readonly read = new PartState()
  readonly log = new PartState()
  /** Of events. */
  readonly relay = relayStates()
  /** Of dead letters. */
  readonly letterRelay = relayStates()
  readonly #feeds = new Map<string, FeedState>()

  /** The feed of one projection. */
  projection(name: string): FeedState {
    const state = this.#feeds.get(name) ?? new FeedState()
    this.#feeds.set(name, state)
    return state
  }
}
