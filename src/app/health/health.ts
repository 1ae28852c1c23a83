import { setTimeout as delay } from 'node:timers/promises'
import { commandsHealth } from './commands-health.js'
import { outboxFacts, type WatchedOutbox } from './outbox-health.js'
import type { PartState } from './part-state.js'
import { ProgressWatch } from './progress-watch.js'
import { type LaneWatches, projectionHealth, type WatchedProjection } from './projection-health.js'
import type {
  CommandsHealth,
  ComponentHealth,
  ComponentState,
  EffectsHealth,
  HealthReport,
  HealthStatus,
  LettersHealth,
  OutboxFacts,
  OutboxHealth,
  ProjectionHealth,
  ServerHealth,
} from './report.js'
import { type Sample, Sampling, type SamplingOptions } from './sampling.js'
import { StateClock } from './state-clock.js'
import { TriesWatch } from './tries-watch.js'

/** How many connections a pool has. */
export interface Connections {
  readonly totalCount: number
  readonly idleCount: number
  readonly waitingCount: number
}

export interface HealthOptions extends Omit<SamplingOptions, 'projections'> {
  readonly projections: readonly WatchedProjection[]
  readonly connections: { readonly store: Connections | undefined; readonly read: Connections }
  /** Undefined in a process that executes none. */
  readonly commands: { readonly underWay: () => number; readonly limit: number } | undefined
  /** What this process publishes. */
  readonly relays: { readonly events: boolean; readonly letters: boolean }
  /** Milliseconds without progress after which work is stalled. */
  readonly stallAfter: number
}

export type Phase = HealthReport['phase']

/** A report is good for as long as this, in milliseconds. */
const REUSED_FOR = 500

const UNKNOWN: Sample = { store: undefined, read: undefined, ends: undefined, unread: new Map() }

/**
 * Finds out how an app is. Many who ask at about the same time get one answer, within two seconds, whatever is away.
 *
 * Phases: starting → running → stopping → stopped. They show at once, also in an answer that is used again.
 */
export class Health {
  readonly #options: HealthOptions
  readonly #sampling: Sampling
  readonly #watches: LaneWatches
  readonly #clock = new StateClock()
  #phase: Phase = 'starting'
  #underWay: Promise<Found> | undefined

  constructor(options: HealthOptions) {
    this.#options = options
    this.#sampling = new Sampling(options)
    const { stallAfter } = options
    this.#watches = { progress: new ProgressWatch(stallAfter), tries: new TriesWatch(stallAfter) }
  }

  get phase(): Phase {
    return this.#phase
  }

  enter(phase: Phase): void {
    this.#phase = phase
  }

  /** @throws nothing */
  async report(): Promise<HealthReport> {
    const { components, ...found } = await this.#find()
    const phase = this.#phase
    const stopped = phase === 'stopping' || phase === 'stopped'
    const status: HealthStatus = stopped ? 'down' : this.#statusOf(components)
    return { status, ready: phase === 'running' && status !== 'down', phase, ...found, components }
  }

  #find(): Promise<Found> {
    this.#underWay ??= this.#look().finally(() => this.#forgetLater())
    return this.#underWay
  }

  #forgetLater(): void {
    const found = this.#underWay
    void delay(REUSED_FOR, undefined, { ref: false }).then(() => {
      if (this.#underWay === found) this.#underWay = undefined
    })
  }

  async #look(): Promise<Found> {
    const sample = this.#phase === 'stopped' ? UNKNOWN : await this.#sampling.take()
    const now = new Date()
    const components = this.#components(sample, now)
    const unpublished = components.find((it) => it.kind === 'outbox')?.unpublished ?? null
    const letters = components.find((it) => it.kind === 'letters')?.unpublished ?? null
    const lags = components.flatMap((it) => (isFed(it) ? [it.lag] : []))
    const unapplied = lags.reduce((sum, lag) => (sum === null || lag === null ? null : sum + lag), 0)
    const nothingToPublish = this.#options.store === undefined
    const total =
      unapplied === null || (unpublished === null && !nothingToPublish)
        ? null
        : unapplied + (unpublished ?? 0)
    return { at: now.toISOString(), lag: { unpublished, unapplied, total, letters }, components }
  }

  #components(sample: Sample, now: Date): readonly ComponentHealth[] {
    const { states, store, topics, connections } = this.#options
    return [
      ...(store === undefined ? [] : [server('store', states.store, connections.store)]),
      server('read', states.read, connections.read),
      // A log in the store's database is there when that is.
      server('log', topics === undefined ? states.store : states.log, undefined),
      ...this.#commands(now),
      ...this.#outboxes(sample, now),
      ...this.#projections(sample, now),
    ]
  }

  #outboxes(sample: Sample, now: Date): readonly (OutboxHealth | LettersHealth)[] {
    const { states, store, relays } = this.#options
    const facts = (outbox: WatchedOutbox): OutboxFacts => {
      const { begun, ...found } = outboxFacts(outbox, this.#watches.progress, now)
      return { ...found, since: this.#since(found, now, begun) }
    }
    const events = { name: 'outbox', look: sample.store?.outbox, states: states.relay, relays: relays.events }
    const { letterRelay } = states
    const letters = {
      name: 'letters',
      look: sample.read?.letters,
      states: letterRelay,
      relays: relays.letters,
    }
    return [
      ...(store === undefined ? [] : [{ kind: 'outbox', ...facts(events) } as const]),
      { kind: 'letters', ...facts(letters) },
    ]
  }

  #projections(sample: Sample, now: Date): readonly (ProjectionHealth | EffectsHealth)[] {
    const { projections, states } = this.#options
    return projections.map((projection) => {
      const feed = states.projection(projection.name)
      const { begun, ...found } = projectionHealth(projection, sample, feed, this.#watches, now)
      return { ...found, since: this.#since(found, now, begun) }
    })
  }

  /** What nothing can be known of is so since what would tell gives no answer. */
  #since(
    { name, state }: Pick<ComponentHealth, 'name' | 'state'>,
    now: Date,
    begun: Date | undefined,
  ): string {
    const { store, read, log } = this.#options.states
    const silent = [store, read, log].filter(({ down }) => down).map(({ since }) => since.getTime())
    const unknown = state === 'unknown' && silent.length > 0 ? new Date(Math.min(...silent)) : undefined
    return this.#clock.since(name, state, now, begun ?? unknown)
  }

  #commands(now: Date): readonly CommandsHealth[] {
    const { commands, states } = this.#options
    if (commands === undefined) return []
    const { appends, store } = states
    const watched = { appends, store, limit: commands.limit, underWay: commands.underWay() }
    const { begun, ...found } = commandsHealth(watched, now)
    return [{ ...found, since: this.#clock.since(found.name, found.state, now, begun) }]
  }

  /**
   * A process that executes commands is of use as long as it takes them and answers queries: what it publishes and
   * projects catches up by itself. Any other is there for its own work alone.
   */
  #statusOf(components: readonly ComponentHealth[]): HealthStatus {
    const { commands } = this.#options
    const needed = components.filter(
      ({ kind }) => kind === 'store' || kind === 'read' || (kind === 'log' && commands === undefined),
    )
    if (needed.some(({ state }) => state === 'down')) return 'down'
    if (commands === undefined && components.some((it) => this.#isHere(it) && ENDED.includes(it.state)))
      return 'down'
    return components.every(({ state }) => state === 'ok') ? 'ok' : 'degraded'
  }

  #isHere(component: ComponentHealth): boolean {
    if (isFed(component)) return component.fedHere
    return component.kind === 'outbox' && this.#options.relays.events
  }
}

type Found = Pick<HealthReport, 'at' | 'lag' | 'components'>

/** What takes events from a log. */
const isFed = (component: ComponentHealth): component is ProjectionHealth | EffectsHealth =>
  component.kind === 'projection' || component.kind === 'effect'

/** Work that does not go on by itself. */
const ENDED: readonly ComponentState[] = ['stalled', 'stopped', 'down']

function server(kind: ServerHealth['kind'], part: PartState, pool: Connections | undefined): ServerHealth {
  return {
    kind,
    name: kind,
    state: part.down ? 'down' : 'ok',
    since: part.since.toISOString(),
    lastError: part.lastError,
    connections: pool === undefined ? null : connectionsOf(pool),
  }
}

const connectionsOf = ({
  totalCount,
  idleCount,
  waitingCount,
}: Connections): ServerHealth['connections'] => ({
  open: totalCount,
  idle: idleCount,
  waiting: waitingCount,
})
