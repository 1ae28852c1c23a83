import { type Lane, laneName } from '../lane-consumer.js'
import { type Beginning, LaneFeed, type LaneFeedOptions } from './lane-feed.js'
import type { FetchControl, FetchedMessages } from './records-of-fetch.js'

/** The lanes of one member, over all the connections it goes through. Batches of one lane never overlap, whatever happens to the group. */
export class LaneSet {
  readonly #options: LaneFeedOptions
  readonly #feeds = new Map<string, LaneFeed>()
  /** When the last feed of each lane is over: the next one waits for it. */
  readonly #endings = new Map<string, Promise<void>>()

  constructor(options: LaneFeedOptions) {
    this.#options = options
  }

  /** The lanes that this member has now. */
  get feeds(): Iterable<LaneFeed> {
    return this.#feeds.values()
  }

  /**
   * The group has distributed its partitions anew, and these are ours. Lanes that stay go on after they were looked at
   * again; `assigned`, where they may have been another member's in between. Stops the fetching of all before it returns.
   */
  assign(lanes: readonly Lane[], fetch: FetchControl, staying: Beginning): void {
    fetch.pause(lanes)
    const names = new Set(lanes.map(laneName))
    for (const [name, feed] of this.#feeds) {
      if (names.has(name)) feed.again(staying)
      else this.#lose(name, feed)
    }
    for (const lane of lanes) {
      if (this.#feeds.has(laneName(lane))) continue
      const feed = new LaneFeed(lane, fetch, this.#options)
      this.#feeds.set(laneName(lane), feed)
      feed.start(this.#endings.get(laneName(lane)) ?? Promise.resolve())
    }
  }

  /** Resolves when what was fetched is delivered, or its lane was paused. Never rejects: the client would stop for good. */
  async take(lane: Lane, fetched: FetchedMessages): Promise<void> {
    await this.#feeds.get(laneName(lane))?.take(fetched)
  }

  /** Gives every lane back. Resolves when no batch is under way. */
  async loseAll(): Promise<void> {
    for (const [name, feed] of this.#feeds) this.#lose(name, feed)
    await Promise.all(this.#endings.values())
  }

  #lose(name: string, feed: LaneFeed): void {
    this.#feeds.delete(name)
    this.#endings.set(name, feed.end())
  }
}
