import type { Topics } from '../../log/topics.js'
import { PartState } from './part-state.js'
import type { PartStates } from './part-states.js'
import type { PartitionEnd, PostgresStoreLook, StoreLook } from './postgres/store-look.js'
import type { PostgresReadLook, ReadLook } from './postgres/read-look.js'
import { Probe } from './probe.js'

/** A projection, as far as looking for its lag needs to know it. */
export interface Followed {
  readonly name: string
  readonly topics: readonly string[]
  /** The aggregates whose events it takes in the order of the store, where it does. */
  readonly ordered: readonly string[] | undefined
}

export interface SamplingOptions {
  readonly states: PartStates
  /** Undefined in a service that only consumes. */
  readonly store: PostgresStoreLook | undefined
  readonly read: PostgresReadLook
  /** Of a log outside the store's database. */
  readonly topics: Pick<Topics, 'describe' | 'offsets'> | undefined
  /** Topics to look at beside those of the projections. */
  readonly published: readonly string[]
  readonly projections: readonly Followed[]
}

/** What everything showed of itself at about one time. What gave no answer is undefined. */
export interface Sample {
  readonly store: StoreLook | undefined
  readonly read: ReadLook | undefined
  readonly ends: readonly PartitionEnd[] | undefined
  /** Events of the store that an ordered projection has not applied, by its name. */
  readonly unread: ReadonlyMap<string, number>
}

/** Milliseconds that a part has to answer. The second one is for what can only be asked afterwards. */
const DEADLINE = 1_000
const SECOND_DEADLINE = 500

/** Looks at all that an app works with, side by side, in {@link DEADLINE} and {@link SECOND_DEADLINE} at the most. */
export class Sampling {
  readonly #options: SamplingOptions
  readonly #topics: readonly string[]
  readonly #ordered: readonly string[]
  readonly #store: Probe<[], StoreLook> | undefined
  readonly #read: Probe<[], ReadLook>
  readonly #log: Probe<[], readonly PartitionEnd[]> | undefined
  readonly #unread: Probe<[ReadLook], ReadonlyMap<string, number>>

  constructor(options: SamplingOptions) {
    const { store, read, topics, published, projections, states } = options
    this.#options = options
    this.#topics = [...new Set([...published, ...projections.flatMap((it) => it.topics)])]
    this.#ordered = [...new Set(projections.flatMap((it) => it.ordered ?? []))]
    this.#store = store && new Probe(() => store.take(this.#topics, this.#ordered), states.store)
    this.#read = new Probe(() => read.take(projections.map(({ name }) => name)), states.read)
    this.#log = topics && new Probe(() => endsOf(topics, this.#topics), states.log)
    // A count that takes too long tells nothing of the store.
    this.#unread = new Probe((look) => this.#countUnread(look), new PartState())
  }

  async take(): Promise<Sample> {
    const [store, read, far] = await Promise.all([
      this.#store?.within(DEADLINE),
      this.#read.within(DEADLINE),
      this.#log?.within(DEADLINE),
    ])
    const askStore = store !== undefined && read !== undefined && this.#ordered.length > 0
    const unread = askStore ? await this.#unread.within(SECOND_DEADLINE, read) : undefined
    return { store, read, ends: this.#log === undefined ? store?.ends : far, unread: unread ?? new Map() }
  }

  async #countUnread(look: ReadLook): Promise<ReadonlyMap<string, number>> {
    const counts = new Map<string, number>()
    for (const { name, ordered } of this.#options.projections) {
      const next = look.projections.get(name)?.lanes[0]?.next
      if (ordered === undefined || next === undefined) continue
      counts.set(name, (await this.#options.store?.eventsFrom(ordered, next)) ?? 0)
    }
    return counts
  }
}

/** A topic that does not exist has no end. */
async function endsOf(
  topics: Pick<Topics, 'describe' | 'offsets'>,
  names: readonly string[],
): Promise<readonly PartitionEnd[]> {
  const existing = [...(await topics.describe(names)).keys()]
  const ends = await Promise.all(existing.map((topic) => topics.offsets(topic)))
  return ends.flatMap((offsets, index) => offsets.map((it) => ({ ...it, topic: existing[index] ?? '' })))
}
