import type { KafkaMessage } from 'kafkajs'
import { type Lane, laneName } from '../lane-consumer.js'
import { type FetchControl, LaneFeed, type LaneFeedOptions } from './lane-feed.js'

/** The lanes of one member, over all the connections it goes through. Batches of one lane never overlap, whatever happens to the group. */
export class LaneSet {
  readonly #options: LaneFeedOptions
  readonly #feeds = new Map<string, LaneFeed>()
  /** When the last feed of each lane is over: the next one waits for it. */
  readonly #endings = new Map<string, Promise<void>>()

  constructor(options: LaneFeedOptions) {
    this.#options = options
  }

  /**
   * The group has distributed its partitions anew, and these are ours. Lanes that stay begin again too: between two
   * distributions they may have been another member's. Stops the fetching of all before it returns.
   */
  assign(lanes: readonly Lane[], fetch: FetchControl): void {
    fetch.pause(lanes)
    const staying = new Set(lanes.map(laneName))
    for (const [name, feed] of this.#feeds) {
      this.#endings.set(name, staying.has(name) ? feed.end('stays') : this.#lose(feed))
    }
    this.#feeds.clear()
    for (const lane of lanes) {
      const feed = new LaneFeed(lane, fetch, this.#options)
      this.#feeds.set(laneName(lane), feed)
      feed.start(this.#endings.get(laneName(lane)) ?? Promise.resolve())
    }
  }

  /** Resolves when fetched records are delivered, or their lane was paused. Never rejects: the client would stop for good. */
  async take(lane: Lane, messages: readonly KafkaMessage[]): Promise<void> {
    await this.#feeds.get(laneName(lane))?.take(messages)
  }

  /** Gives every lane back. Resolves when no batch is under way. */
  async loseAll(): Promise<void> {
    for (const [name, feed] of this.#feeds) this.#endings.set(name, this.#lose(feed))
    this.#feeds.clear()
    await Promise.all(this.#endings.values())
  }

  async #lose(feed: LaneFeed): Promise<void> {
    await feed.end('lost')
    try {
      await this.#options.consumer.revoked(feed.lane)
    } catch (error) {
      this.#options.logger.warn(
        { lane: laneName(feed.lane), error: String(error) },
        'a consumer failed when its lane was revoked',
      )
    }
  }
}
