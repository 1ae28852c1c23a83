import { counted } from '../../../core/counted.js'
import { quoted } from '../../../postgres/schemas.js'
import type { EffectsModel } from '../../../processes/index.js'
import type { ProjectionModel } from '../../../projections/index.js'
import type { AppModel } from '../../app-model.js'
import { type Check, examined, ok, problem, warning } from '../check.js'
import type { FedGeneration } from '../group-checks.js'
import type { LogFindings } from '../log-checks.js'
import type { Reached } from './database-checks.js'

/** What was found out about projections and effects. */
export interface FeedFindings {
  readonly checks: readonly Check[]
  readonly fed: readonly FedGeneration[]
}

/** Where each projection stands, who feeds it, and what could not be processed. */
export async function readSideChecks(
  { pool }: Reached,
  read: string,
  { name: app, projections, effects }: AppModel,
  { ends }: Pick<LogFindings, 'ends'>,
): Promise<FeedFindings> {
  const checks: Check[] = []
  const fed: FedGeneration[] = []
  for (const { what, name, inline } of [...projections.map(asProjection), ...effects.map(asEffects)]) {
    const check = `${what} ${name}`
    checks.push(
      ...(await examined(check, async () => {
        const { rows } = await pool.query<ProjectionRow>(projectionStatement(read), [name, app])
        const [row] = rows
        if (row !== undefined) fed.push({ name, ...row })
        return [projectionCheck(check, row, inline, ends), ...lettersCheck(name, row)]
      })),
    )
  }
  return { checks, fed }
}

/** What is fed, and what it is called. */
interface Fed {
  readonly what: 'projection' | 'effects'
  readonly name: string
  readonly inline: boolean
}

const asProjection = ({ name, inline }: ProjectionModel): Fed => ({ what: 'projection', name, inline })
const asEffects = ({ name }: EffectsModel): Fed => ({ what: 'effects', name, inline: false })

interface ProjectionRow {
  readonly generation: number
  readonly state: string
  readonly failure: string | null
  readonly feeders: number
  /** Processes that said that they feed it, and fell silent without leaving as one does that stops. */
  readonly silent: number
  readonly letters: number
  readonly sequences: number
  readonly lanes: readonly LaneRow[] | null
}

interface LaneRow {
  readonly topic: string
  readonly partition: number
  /** As text: JSON's numbers end before offsets do. */
  readonly next: string
  readonly waiting: string | null
  readonly since: string | null
}

function projectionCheck(
  check: string,
  row: ProjectionRow | undefined,
  inline: boolean,
  ends: LogFindings['ends'],
): Check {
  if (row === undefined)
    return problem(check, 'was never fed', 'start a process with the role projections (REPRISE_ROLES)')
  const { generation, state, failure, feeders, lanes } = row
  if (state === 'stopped')
    return problem(
      check,
      `has stopped: ${failure ?? 'no reason was recorded'}`,
      'remove the reason, then start the app again',
    )
  const waiting = lanes?.find((it) => it.waiting !== null)
  if (waiting !== undefined)
    return problem(
      check,
      `${waiting.topic}/${waiting.partition} waits since ${waiting.since ?? '?'}: ${waiting.waiting ?? ''}`,
      'the other lanes go on; this one does when what it waits for is there',
    )
  if (inline) return ok(check, `generation ${generation}, written by every append`)
  const lag = lagBehind(ends, lanes ?? [])
  if (feeders === 0) return unfed(check, row, lag)
  const behind = lag === undefined ? '' : `, ${recordsText(lag)} behind`
  return ok(check, `generation ${generation}, fed by ${counted(feeders, 'process', 'processes')}${behind}`)
}

/** That nobody runs is no fault where all were stopped, and nothing waits for them. */
function unfed(check: string, { generation, silent }: ProjectionRow, lag: bigint | undefined): Check {
  const remedy =
    'start a process with the role projections (REPRISE_ROLES); it goes on where the last one was'
  const nobody =
    silent === 0 ? 'no process feeds it' : 'no process feeds it: the last one ended without notice'
  if (lag === undefined) return warning(check, `${nobody}; how far behind it is cannot be told`, remedy)
  if (lag > 0n)
    return problem(check, `${nobody}, and ${recordsText(lag)} wait${lag === 1n ? 's' : ''}`, remedy)
  return silent === 0
    ? ok(check, `generation ${generation}, level; ${nobody} now: none was started, or all were stopped`)
    : warning(check, `${nobody}; it is level`, remedy)
}

const recordsText = (count: bigint): string => counted(count, 'record')

/** Undefined where the ends are not known: the log is away, or the lane is no topic's. */
function lagBehind(ends: LogFindings['ends'], lanes: readonly LaneRow[]): bigint | undefined {
  let lag = 0n
  for (const { topic, partition, next } of lanes) {
    const end = ends.get(`${topic}/${partition}`)
    if (end === undefined) return undefined
    if (end > BigInt(next)) lag += end - BigInt(next)
  }
  return lag
}

function lettersCheck(projection: string, row: ProjectionRow | undefined): readonly Check[] {
  if (row === undefined || row.letters === 0) return []
  return [
    warning(
      `dead letters of ${projection}`,
      `${counted(row.letters, 'event is', 'events are')} parked, ${counted(row.sequences, 'key is', 'keys are')} held back`,
      'reprise dlq list shows why; then reprise dlq retry or reprise dlq discard',
    ),
  ]
}

/**
 * $1 projection, $2 app. Its live generation, and its first one while that is being built. Whoever feeds it is known by
 * name, or, on the Postgres log, as a member of its group.
 */
const projectionStatement = (read: string): string => {
  const r = quoted(read)
  return `
SELECT g.generation, g.state, g.failure,
  greatest(
    (SELECT count(*) FROM ${r}.feeders f
     WHERE f.projection = g.projection AND f.generation = g.generation AND f.expires_at > clock_timestamp()),
    (SELECT count(DISTINCT m.member) FROM ${r}.lease_members m
     WHERE split_part(m.scope, ' ', 1) = $2 || '.' || g.projection || '.g' || g.generation
       AND m.expires_at > clock_timestamp()))::integer AS feeders,
  (SELECT count(*)::integer FROM ${r}.feeders f
   WHERE f.projection = g.projection AND f.generation = g.generation AND f.expires_at <= clock_timestamp()) AS silent,
  (SELECT count(*)::integer FROM ${r}.parked_events l
   WHERE l.projection = g.projection AND l.generation = g.generation) AS letters,
  (SELECT count(*)::integer FROM ${r}.parked_sequences s
   WHERE s.projection = g.projection AND s.generation = g.generation) AS sequences,
  (SELECT json_agg(json_build_object('topic', c.topic, 'partition', c.partition, 'next', c.next_offset::text,
                                     'waiting', c.waiting, 'since', c.waiting_since) ORDER BY c.topic, c.partition)
   FROM ${r}.checkpoints c WHERE c.projection = g.projection AND c.generation = g.generation) AS lanes
FROM ${r}.projections p
JOIN ${r}.generations g ON g.projection = p.name
  AND g.generation = coalesce(nullif(p.live_generation, 0), p.building_generation)
WHERE p.name = $1`
}
