import { laneName } from '../../log/index.js'
import type { FeedState } from './feed-state.js'
import { messageOf } from './part-state.js'
import type { LaneLook, ProjectionLook } from './postgres/read-look.js'
import { dateOf, type Pace, type ProgressWatch } from './progress-watch.js'
import type {
  ComponentState,
  EffectsHealth,
  LaneHealth,
  OpenTransaction,
  ProjectionHealth,
  Stall,
} from './report.js'
import type { Followed, Sample } from './sampling.js'
import type { TriesWatch } from './tries-watch.js'

/** A projection, or a class of effects, as this process has it. */
export interface WatchedProjection extends Followed {
  readonly kind: (ProjectionHealth | EffectsHealth)['kind']
  /** Whether this process is there to feed it. */
  readonly fedHere: boolean
  /** Whether the appends write it, so that it has no lanes. */
  readonly inline: boolean
  /** What stopped it in this process. */
  readonly failure: () => Error | undefined
  /** Why this process leaves it to others. */
  readonly aside: () => string | undefined
}

/** What remembers how lanes were when somebody looked before. */
export interface LaneWatches {
  readonly progress: ProgressWatch
  readonly tries: TriesWatch
}

interface LanePace extends LaneHealth {
  readonly pace: Pace
  readonly waits: boolean
  /** Since when what comes next is tried again, and counted, in whichever process; undefined while it is not. */
  readonly triedSince: Date | undefined
  /** Of `performance.now()`. */
  readonly movedAt: number
}

/** What others do well enough does not show that this process does none of it. */
const FED_BY_OTHERS: readonly ComponentState[] = ['ok', 'behind']

/** Everything about a projection but since when; `begun` where that is known. */
export function projectionHealth(
  projection: WatchedProjection,
  sample: Sample,
  feed: FeedState,
  watches: LaneWatches,
  now: Date,
): Omit<ProjectionHealth | EffectsHealth, 'since'> & { readonly begun: Date | undefined } {
  const { kind, name, inline, ordered } = projection
  const look = sample.read?.projections.get(name)
  const own = projection.failure()
  const said = own ?? look?.failure ?? null
  const failure = said === null ? null : messageOf(said)
  const lanes = inline ? [] : lanesOf(projection, look, sample, watches)
  const aside = projection.aside()
  const fedHere = projection.fedHere && aside === undefined
  const done = new Set((lanes ?? []).filter(({ lag }) => lag === 0).map(laneName))
  const retriesSince = fedHere ? feed.retriesSince(now, done) : undefined
  const found = stateOf(sample, look, own !== undefined, lanes, {
    inline,
    retries: retriesSince !== undefined,
  })
  const state = aside !== undefined && FED_BY_OTHERS.includes(found) ? 'waiting' : found
  return {
    kind,
    name,
    state,
    begun: aside === undefined ? begunAt(state, feed, retriesSince, look, lanes) : undefined,
    lastError: feed.lastError,
    fedHere,
    aside: aside === undefined ? null : messageOf(aside),
    generation: look?.generation ?? null,
    lag: lanes?.reduce((sum, { lag }) => sum + lag, 0) ?? null,
    stalls: (lanes ?? []).filter(standsStill).map(stallOf),
    waits: (look?.lanes ?? []).flatMap(waitOf),
    parked: look?.parked ?? null,
    heldBy: ordered === undefined ? [] : holders(sample, ordered),
    failure: look?.state === 'stopped' || own !== undefined ? failure : null,
  }
}

/** One that waits, or is tried again, gets on by itself once that is over. */
const standsStill = ({ pace, waits, triedSince }: LanePace): boolean =>
  pace === 'stalled' && !waits && triedSince === undefined

/** When the state began, as far as that is known without having looked at that time. */
function begunAt(
  state: ComponentState,
  feed: FeedState,
  retriesSince: Date | undefined,
  look: ProjectionLook | undefined,
  lanes: readonly LanePace[] | undefined,
): Date | undefined {
  switch (state) {
    case 'ok':
      return feed.wellSince
    case 'retrying':
      return earliest([retriesSince, ...(lanes ?? []).map(({ triedSince }) => triedSince)])
    case 'parked':
      return look?.parkedSince ?? undefined
    case 'waiting':
      return earliest((look?.lanes ?? []).map(({ since }) => since ?? undefined))
    case 'stalled':
      return earliest((lanes ?? []).filter(standsStill).map(({ movedAt }) => dateOf(movedAt)))
    default:
      return undefined
  }
}

function earliest(dates: readonly (Date | undefined)[]): Date | undefined {
  const known = dates.filter((it) => it !== undefined).map((it) => it.getTime())
  return known.length === 0 ? undefined : new Date(Math.min(...known))
}

function stateOf(
  { read }: Sample,
  look: ProjectionLook | undefined,
  failedHere: boolean,
  lanes: readonly LanePace[] | undefined,
  { inline, retries }: { readonly inline: boolean; readonly retries: boolean },
): ComponentState {
  if (failedHere || look?.state === 'stopped') return 'stopped'
  if (read === undefined || lanes === undefined) return 'unknown'
  if (look === undefined) return inline ? 'ok' : 'unknown'
  if (lanes.some(standsStill)) return 'stalled'
  if (retries || lanes.some(({ triedSince }) => triedSince !== undefined)) return 'retrying'
  if (look.lanes.some(({ waiting }) => waiting !== null)) return 'waiting'
  if (look.parked > 0) return 'parked'
  return lanes.some(({ pace }) => pace === 'behind') ? 'behind' : 'ok'
}

/** How its lanes come along, or undefined where what would tell gave no answer. */
function lanesOf(
  { name, ordered }: WatchedProjection,
  look: ProjectionLook | undefined,
  { read, ends, unread }: Sample,
  { progress, tries }: LaneWatches,
): readonly LanePace[] | undefined {
  if (read === undefined) return undefined
  if (look === undefined) return undefined
  const pace = (lane: LaneLook, from: bigint, end: bigint): LanePace => {
    const id = `${name} ${laneName(lane)}`
    const now = performance.now()
    return {
      topic: lane.topic,
      partition: lane.partition,
      lag: end > from ? Number(end - from) : 0,
      pace: progress.look(id, lane.next, end, now),
      movedAt: progress.movedAt(id) ?? now,
      waits: lane.waiting !== null,
      triedSince: tries.isTriedAgain(id, lane, now) ? (lane.triedSince ?? undefined) : undefined,
    }
  }
  if (ordered !== undefined) {
    const events = unread.get(name)
    if (events === undefined && look.lanes.length > 0) return undefined
    return look.lanes.map((lane) => pace(lane, lane.next, lane.next + BigInt(events ?? 0)))
  }
  if (ends === undefined) return undefined
  const endOf = new Map(ends.map((it) => [laneName(it), it]))
  return look.lanes.map((lane) => {
    const { earliest, end } = endOf.get(laneName(lane)) ?? { earliest: 0n, end: 0n }
    return pace(lane, lane.next > earliest ? lane.next : earliest, end)
  })
}

const stallOf = ({ topic, partition, lag, movedAt }: LanePace): Stall => ({
  topic,
  partition,
  lag,
  since: dateOf(movedAt).toISOString(),
})

function waitOf({ topic, partition, waiting, since }: LaneLook): ProjectionHealth['waits'] {
  if (waiting === null) return []
  return [{ topic, partition, reason: messageOf(waiting), since: (since ?? new Date(0)).toISOString() }]
}

function holders({ store }: Sample, ordered: readonly string[]): readonly OpenTransaction[] {
  const open = (store?.openAppends ?? []).filter(({ streamType }) => ordered.includes(streamType))
  const byPid = new Map(
    open.map(({ pid, application, user, ageMs }) => [pid, { pid, application, user, ageMs }]),
  )
  return [...byPid.values()]
}
