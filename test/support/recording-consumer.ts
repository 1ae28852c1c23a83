import { type Lane, type LaneConsumer, laneName, type LogRecord } from '../../src/log/index.js'

/** Next offsets with an epoch each, like the checkpoints of a projection: a member whose lane was taken since cannot move one. */
export class Checkpoints {
  readonly #rows = new Map<string, { epoch: number; next: bigint }>()

  /** Sets where a lane begins. */
  begin(lane: Lane, next: bigint): this {
    this.#rows.set(laneName(lane), { epoch: 0, next })
    return this
  }

  take(lane: Lane): { readonly epoch: number; readonly next: bigint } {
    const { epoch, next } = this.#rows.get(laneName(lane)) ?? { epoch: 0, next: 0n }
    this.#rows.set(laneName(lane), { epoch: epoch + 1, next })
    return { epoch: epoch + 1, next }
  }

  move(lane: Lane, epoch: number, next: bigint): void {
    if (this.#rows.get(laneName(lane))?.epoch !== epoch)
      throw new Error(`${laneName(lane)} was taken by another`)
    this.#rows.set(laneName(lane), { epoch, next })
  }

  /** Where each partition of a topic goes on. */
  nextOf(topic: string): ReadonlyMap<number, bigint> {
    const rows = [...this.#rows].map(([name, { next }]) => [name.split('/'), next] as const)
    return new Map(
      rows.flatMap(([[named, partition], next]) => (named === topic ? [[Number(partition), next]] : [])),
    )
  }
}

/** Does something with a batch before it counts as applied; may answer where to go on. */
export type DeliveryStep = (
  lane: Lane,
  records: readonly LogRecord[],
  signal: AbortSignal,
) => Promise<bigint | undefined>

/** Applies what it is given and remembers all that happened. */
export class RecordingConsumer implements LaneConsumer {
  /** Records of batches that were applied, in the order of their application. */
  readonly applied: LogRecord[] = []
  /** Records of batches that were begun. */
  readonly delivered: (readonly LogRecord[])[] = []
  readonly assignments: string[] = []
  readonly revocations: string[] = []
  readonly held = new Set<string>()
  /** Lanes that were given a batch before the last one was done. */
  readonly overlaps: string[] = []
  /** The most lanes that had a batch under way at the same time. */
  mostAtOnce = 0
  readonly checkpoints: Checkpoints
  readonly #step: DeliveryStep
  readonly #epochs = new Map<string, number>()
  readonly #underWay = new Set<string>()

  constructor(options: { readonly checkpoints?: Checkpoints; readonly step?: DeliveryStep } = {}) {
    this.checkpoints = options.checkpoints ?? new Checkpoints()
    this.#step = options.step ?? (() => Promise.resolve(undefined))
  }

  get underWay(): number {
    return this.#underWay.size
  }

  assigned(lane: Lane): Promise<bigint> {
    const { epoch, next } = this.checkpoints.take(lane)
    this.#epochs.set(laneName(lane), epoch)
    this.assignments.push(laneName(lane))
    this.held.add(laneName(lane))
    return Promise.resolve(next)
  }

  async deliver(lane: Lane, records: readonly LogRecord[], signal: AbortSignal): Promise<bigint> {
    const name = laneName(lane)
    if (this.#underWay.has(name)) this.overlaps.push(name)
    this.#underWay.add(name)
    this.mostAtOnce = Math.max(this.mostAtOnce, this.#underWay.size)
    this.delivered.push(records)
    try {
      const answer = await this.#step(lane, records, signal)
      const next = answer ?? (records.at(-1)?.offset ?? -1n) + 1n
      this.checkpoints.move(lane, this.#epochs.get(name) ?? -1, next)
      this.applied.push(...records.filter(({ offset }) => offset < next))
      return next
    } finally {
      this.#underWay.delete(name)
    }
  }

  revoked(lane: Lane): Promise<void> {
    this.revocations.push(laneName(lane))
    this.held.delete(laneName(lane))
    return Promise.resolve()
  }
}
