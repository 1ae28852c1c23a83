import type { ReadSide } from '../../app/read-side.js'
import { projectionStatus, type ProjectionStatus } from '../../projections/projection-status.js'
import { effectStatus, type EffectStatus } from '../../processes/effect-status.js'
import type { WaitingLane } from '../../subscriptions/index.js'
import type { CommandContext } from '../command-context.js'
import { lettersText } from '../letter-text.js'
import { LoadedApp } from '../loaded-app.js'
import { table } from '../table.js'

const HEADINGS = [
  'NAME',
  'KIND',
  'VERSION',
  'GENERATION',
  'BUILDING',
  'STATE',
  'FED BY',
  'NEXT',
  'END',
  'LAG',
  'LETTERS',
  'REBUILD',
  'ERROR',
] as const

type ListedStatus = (ProjectionStatus | EffectStatus) & {
  /** Dead letters, with what waits behind them. */
  readonly letters: number
  /** Why it asks for a rebuild with this build's code, where it does. */
  readonly rebuildDue: string | undefined
}

/**
 * Shows where every projection and class of effects stands, its dead letters and whether a rebuild is due, whether or not
 * the app runs. Changes nothing.
 */
export async function listProjections(context: CommandContext): Promise<void> {
  const app = await LoadedApp.load(context)
  await app.withReadSide(async (side) => {
    const projections: ListedStatus[] = []
    for (const model of app.model.projections) {
      const status = await projectionStatus(side.partsOf(model))
      const rebuildDue = await side.rebuildDue(model)
      projections.push({ ...status, ...(await lettersOf(side, model)), rebuildDue })
    }
    for (const model of app.model.effects) {
      const status = await effectStatus(side.effectPartsOf(model))
      projections.push({ ...status, ...(await lettersOf(side, model)), rebuildDue: undefined })
    }
    const { terminal, options } = context
    terminal.answer({ database: side.address, log: side.log.identity, projections }, () =>
      textOf(projections, options),
    )
  })
}

async function lettersOf(
  side: ReadSide,
  model: Parameters<ReadSide['lettersOf']>[0],
): Promise<Pick<ListedStatus, 'letters'>> {
  const { letters } = await side.lettersOf(model).count()
  return { letters }
}

function textOf(projections: readonly ListedStatus[], options: { readonly plain: boolean }): string {
  const list = table(HEADINGS, projections.map(rowOf), options)
  return options.plain ? list : [list, ...projections.flatMap(remarksOn)].join('\n')
}

/** What is to be done about a projection. */
function remarksOn({ name, letters, rebuildDue }: ListedStatus): readonly string[] {
  return [
    ...(letters === 0 ? [] : [`${name}: ${lettersText(letters)} parked; reprise dlq list ${name} shows why`]),
    ...(rebuildDue === undefined
      ? []
      : [`${name}: a rebuild is due, since ${rebuildDue}; reprise projection rebuild ${name}`]),
  ]
}

function rowOf(status: ListedStatus): readonly string[] {
  const { name, kind, inline, version, generation, building, state, lanes, lag, waiting, failure, feeders } =
    status
  return [
    name,
    inline ? `${kind}, inline` : kind,
    String(version),
    String(generation ?? '-'),
    String(building ?? '-'),
    state,
    inline ? '-' : String(feeders.length),
    sum(lanes.map(({ next }) => next)),
    sum(lanes.map(({ end }) => end)),
    lag.toString(),
    status.letters.toString(),
    status.rebuildDue === undefined ? '-' : 'due',
    failure ?? (waiting.map(waitText).join('; ') || '-'),
  ]
}

function waitText({ topic, partition, reason, since }: WaitingLane): string {
  return `${topic}/${partition} waits since ${since.toISOString()}: ${reason}`
}

function sum(numbers: readonly bigint[]): string {
  return numbers.reduce((total, number) => total + number, 0n).toString()
}
