import { laneName } from '../lane-consumer.js'
import type { PartitionOffsets, Topics } from '../topics.js'
import type { LaneSet } from './lane-set.js'

export interface LaneWatchOptions {
  readonly lanes: LaneSet
  /** How many partitions each topic had when it was subscribed to. */
  readonly partitions: ReadonlyMap<string, number>
  readonly topicAdmin: Pick<Topics, 'offsets'>
  /** Milliseconds between looks at the topics. */
  readonly period: number
  /** Milliseconds that a lane may stand still before its end. */
  readonly patience: number
  /** Told when the client does not deliver what is there. */
  readonly onStandstill: (reason: Error) => void
  /** Told when the topics could not be looked at. */
  readonly onFailed: (error: unknown) => void
  /** Told when they could be. */
  readonly onAnswered: () => void
}

type Look = 'answered' | 'failed' | 'not asked'

/** A lane that has waited at one offset, before its end, since some time. */
interface Standstill {
  readonly at: bigint
  readonly since: number
}

/**
 * Looks now and then where the topics begin and end. A lane whose records cannot be where they were begins again: then its
 * consumer finds out what became of the topic. Every other lane is looked at, too: a topic that was made anew and grew
 * longer than it had been, all between two looks, shows by its records alone. A client that leaves a lane standing before
 * its end has hung.
 */
export class LaneWatch {
  readonly #options: LaneWatchOptions
  readonly #timer: NodeJS.Timeout
  readonly #ends = new Map<string, bigint>()
  #standstills = new Map<string, Standstill>()
  #looking = false

  constructor(options: LaneWatchOptions) {
    this.#options = options
    this.#timer = setInterval(() => void this.#look(), options.period)
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  async #look(): Promise<void> {
    if (this.#looking) return
    this.#looking = true
    try {
      const standstills = new Map<string, Standstill>()
      const looks = []
      for (const topic of this.#options.partitions.keys()) looks.push(await this.#tryLook(topic, standstills))
      if (looks.includes('answered') && !looks.includes('failed')) this.#options.onAnswered()
      this.#standstills = standstills
    } finally {
      this.#looking = false
    }
  }

  async #tryLook(topic: string, standstills: Map<string, Standstill>): Promise<Look> {
    try {
      return await this.#lookAt(topic, standstills)
    } catch (error) {
      this.#options.onFailed(error)
      return 'failed'
    }
  }

  async #lookAt(topic: string, standstills: Map<string, Standstill>): Promise<Look> {
    const feeds = [...this.#options.lanes.feeds].filter(({ lane }) => lane.topic === topic)
    if (feeds.length === 0) return 'not asked'
    const before = new Map(feeds.map((feed) => [feed, feed.waitsAt]))
    const offsets = await this.#options.topicAdmin.offsets(topic)
    const regrown = offsets.length !== this.#options.partitions.get(topic)
    for (const feed of feeds) {
      const bounds = offsets.find(({ partition }) => partition === feed.lane.partition)
      const name = laneName(feed.lane)
      const at = before.get(feed)
      const moved = feed.waitsAt !== at
      if (regrown || this.#hasChanged(name, bounds, moved ? undefined : at)) feed.again('recheck')
      else {
        if (at !== undefined && !moved && bounds !== undefined && at < bounds.end)
          standstills.set(name, this.#standing(name, at, bounds.end))
        feed.look()
      }
    }
    return 'answered'
  }

  #hasChanged(name: string, bounds: PartitionOffsets | undefined, at: bigint | undefined): boolean {
    const known = this.#ends.get(name)
    if (bounds === undefined) return true
    this.#ends.set(name, bounds.end)
    const isOutside = at !== undefined && (at > bounds.end || at < bounds.earliest)
    return isOutside || (known !== undefined && bounds.end < known)
  }

  #standing(name: string, at: bigint, end: bigint): Standstill {
    const { patience, onStandstill } = this.#options
    const known = this.#standstills.get(name)
    const standstill = known?.at === at ? known : { at, since: performance.now() }
    const stood = performance.now() - standstill.since
    if (stood > patience) {
      const facts = `${name} stands at offset ${at.toString()} of ${end.toString()} for ${Math.round(stood)} ms`
      onStandstill(new Error(`the client delivers nothing: ${facts}`))
      // The client that comes after it has all of the time again.
      return { at, since: performance.now() }
    }
    return standstill
  }
}
