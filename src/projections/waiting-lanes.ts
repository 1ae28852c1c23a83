import { type Lane, laneName } from '../log/index.js'
import type { LanePosition, WaitingLane } from '../subscriptions/index.js'
import type { EndVector } from './end-vector.js'

/** A lane that has looked for what it waits for, at one place. */
interface Look {
  readonly reason: string
  looks: number
  /** Looks after which it is known to have missed nothing that other lanes did before. */
  enough: number | undefined
}

/** Tells when a replay would wait without end: every lane that has not reached its end waits for what no other brings. */
export class WaitingLanes {
  readonly #lanes = new Map<string, Look>()
  #positions = new Map<string, bigint>()

  /** A lane has looked, and waits. */
  note({ reason, ...lane }: WaitingLane): void {
    const before = this.#lanes.get(laneName(lane))
    if (before?.reason === reason) before.looks++
    else this.#lanes.set(laneName(lane), { reason, looks: 1, enough: undefined })
  }

  /** What the topics lack, once nothing can go on before it is there. */
  stuckBefore(end: EndVector, positions: readonly LanePosition[]): string | undefined {
    this.#forgetMoved(positions)
    const unreached = end.filter((lane) => (this.#positions.get(laneName(lane)) ?? 0n) < lane.next)
    const looks = unreached.map((lane) => this.#lanes.get(laneName(lane)))
    if (looks.length === 0 || looks.includes(undefined)) return undefined
    const stuck = unreached.map((lane) => this.#stuck(lane))
    return stuck.includes(undefined) ? undefined : stuck.join('; ')
  }

  /** A look that had begun before the last lane came to rest proves nothing: there have to be two more. */
  #stuck(lane: Lane): string | undefined {
    const look = this.#lanes.get(laneName(lane))
    if (look === undefined) return undefined
    look.enough ??= look.looks + 2
    return look.looks < look.enough
      ? undefined
      : `${laneName(lane)} lacks versions of a stream: ${look.reason}`
  }

  /** Where a lane has moved, others may find what they lack: all have to look again. */
  #forgetMoved(positions: readonly LanePosition[]): void {
    const moved = positions.filter((lane) => this.#positions.get(laneName(lane)) !== lane.next)
    this.#positions = new Map(positions.map((lane) => [laneName(lane), lane.next]))
    for (const lane of moved) this.#lanes.delete(laneName(lane))
    if (moved.length > 0) for (const look of this.#lanes.values()) look.enough = undefined
  }
}
