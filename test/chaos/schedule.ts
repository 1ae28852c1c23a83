import { setTimeout as delay } from 'node:timers/promises'
import { Chance } from './chance.js'
import type { Nemesis, Strike, Surroundings } from './nemeses/index.js'

export interface ScheduleOptions {
  readonly seed: number
  readonly nemeses: readonly Nemesis[]
  readonly surroundings: Surroundings
  /** When to have healed everything, in milliseconds since 1970. */
  readonly until: number
  /** Milliseconds that a period lasts: at least, and at most. */
  readonly period: readonly [least: number, most: number]
  readonly say: (line: string) => void
}

/** Of the periods, those without any fault. */
const QUIET = 0.25
const MOST_AT_ONCE = 3
/** Milliseconds after which a fault that strikes in an instant may strike again in the same period. */
const AGAIN = [1_500, 4_000] as const

/** Periods of faults and of peace, all decided by the seed. When it ends, everything is healed. */
export class Schedule {
  readonly injected: Record<string, number> = {}
  readonly missed: Record<string, number> = {}
  readonly #options: ScheduleOptions
  readonly #chance: Chance
  #deck: Nemesis[] = []

  constructor(options: ScheduleOptions) {
    this.#options = options
    this.#chance = Chance.of(options.seed, 'schedule')
  }

  /** Nemeses whose turn came, and that struck at nothing. */
  get idle(): readonly string[] {
    return Object.keys(this.missed).filter((name) => this.injected[name] === undefined)
  }

  async run(): Promise<void> {
    const { until, period, surroundings, say } = this.#options
    const { timeline } = surroundings
    let number = 0
    while (Date.now() < until - period[0]) {
      number += 1
      const chance = Chance.of(this.#options.seed, `period ${number}`)
      const end = Math.min(Date.now() + chance.between(...period), until)
      // Never the first one: a short run would be without any fault.
      const quiet = number > 1 && this.#chance.happens(QUIET)
      const chosen = quiet ? [] : this.#draw(chance.between(1, MOST_AT_ONCE))
      timeline.write({ event: 'phase', phase: quiet || chosen.length === 0 ? 'quiet' : 'faults' })
      say(chosen.length === 0 ? 'quiet' : chosen.map(({ name }) => name).join(' + '))
      await Promise.all(
        chosen.map((nemesis) =>
          this.#torment(nemesis, Chance.of(chance.between(0, 2 ** 31), nemesis.name), end),
        ),
      )
      await delay(Math.max(0, end - Date.now()))
    }
  }

  /** Each once before any comes again. */
  #draw(count: number): readonly Nemesis[] {
    const drawn: Nemesis[] = []
    while (drawn.length < Math.min(count, this.#options.nemeses.length)) {
      if (this.#deck.length === 0) this.#deck = [...this.#chance.some(this.#options.nemeses, Infinity)]
      const next = this.#deck.shift()
      if (next !== undefined && !drawn.includes(next)) drawn.push(next)
    }
    return drawn
  }

  async #torment(nemesis: Nemesis, chance: Chance, end: number): Promise<void> {
    await delay(Math.min(chance.between(0, 1_500), Math.max(0, end - Date.now())))
    do {
      const lasts = await this.#strike(nemesis, chance, end)
      if (lasts > 0) return
      await delay(Math.min(chance.between(...AGAIN), Math.max(0, end - Date.now())))
    } while (Date.now() < end - AGAIN[0])
  }

  /** Answers how long it lasted: 0 for what is over in an instant, and may come again. */
  async #strike(nemesis: Nemesis, chance: Chance, end: number): Promise<number> {
    const { surroundings } = this.#options
    const { timeline } = surroundings
    const strike = await this.#attempt(nemesis, chance)
    if (strike === undefined) {
      this.missed[nemesis.name] = (this.missed[nemesis.name] ?? 0) + 1
      return 0
    }
    this.injected[nemesis.name] = (this.injected[nemesis.name] ?? 0) + 1
    const { target, detail = {} } = strike
    const fault = { id: timeline.nextFault(), fault: nemesis.name, target, detail }
    timeline.write({ event: 'fault-begin', ...fault })
    await delay(Math.min(strike.lasts, Math.max(0, end - Date.now())))
    await strike.heal()
    timeline.write({ event: 'fault-end', ...fault })
    return strike.lasts
  }

  async #attempt(nemesis: Nemesis, chance: Chance): Promise<Strike | undefined> {
    try {
      return await nemesis.strike(this.#options.surroundings, chance)
    } catch (error) {
      const text = `${nemesis.name} could not strike: ${String(error)}`
      this.#options.surroundings.timeline.write({ event: 'note', text })
      return undefined
    }
  }
}
