import type { ReadSide } from '../../app/read-side.js'
import { counted, nounFor } from '../../core/counted.js'
import { ProjectionStopped, RebuildRefused, TimedOut } from '../../core/errors/index.js'
import { shortFingerprint } from '../../projections/definition-fingerprint.js'
import type { ProjectionModel } from '../../projections/index.js'
import {
  type FeedingBuild,
  planRebuild,
  rebuild,
  type RebuildPlan,
  type RebuildResult,
  type RebuildSource,
} from '../../projections/rebuild.js'
import type { CommandContext } from '../command-context.js'
import { confirm } from '../confirmation.js'
import { LoadedApp } from '../loaded-app.js'
import { printable } from '../printable.js'
import { ProgressLine } from '../progress-line.js'
import { rebuildableCalled } from '../projection-called.js'

export interface RebuildCommandOptions {
  readonly from?: RebuildSource
  /** Milliseconds. */
  readonly swapTimeout?: number
  readonly allowParked?: number
  readonly dryRun?: boolean
}

const DEFAULT_SWAP_TIMEOUT = 30_000

/** Shows the plan, builds the next generation beside the live one and lets readers see it, as {@link rebuild} promises. */
export async function rebuildProjection(
  context: CommandContext,
  name: string,
  options: RebuildCommandOptions,
): Promise<void> {
  const app = await LoadedApp.load(context)
  const projection = rebuildableCalled(name, app.model)
  const swapTimeout = options.swapTimeout ?? context.options.timeout ?? DEFAULT_SWAP_TIMEOUT
  const { allowParked = 0 } = options
  const run = options.dryRun === true ? showPlan : showAndRun
  await app.withReadSide((side) => run(context, side, projection, { ...options, swapTimeout, allowParked }))
}

type Options = RebuildCommandOptions & Required<Pick<RebuildCommandOptions, 'swapTimeout' | 'allowParked'>>

async function showPlan(
  { terminal }: CommandContext,
  { partsOf }: ReadSide,
  projection: ProjectionModel,
  options: Options,
): Promise<void> {
  const plan = await planRebuild(partsOf(projection), options.from)
  const { allowParked } = options
  terminal.answer({ dryRun: true, plan, allowParked }, () => planText(plan, projection, options))
}

async function showAndRun(
  context: CommandContext,
  { partsOf }: ReadSide,
  projection: ProjectionModel,
  options: Options,
): Promise<void> {
  const { terminal, signal } = context
  const { from, swapTimeout, allowParked } = options
  const progress = new ProgressLine(terminal)
  let plan: RebuildPlan | undefined
  try {
    const result = await rebuild(partsOf(projection), {
      ...(from === undefined ? {} : { from }),
      swapTimeout,
      allowParked,
      signal,
      onPlan: async (it) => {
        terminal.tell({ plan: it, allowParked }, planText(it, projection, options))
        await confirm(`Rebuild ${it.projection}?`, context)
        plan = it
        progress.show({ phase: 'replaying', done: 0, total: it.events })
      },
      onProgress: (it) => progress.show(it),
    })
    progress.clear()
    terminal.answer({ dryRun: false, plan, result }, () => resultText(result))
  } catch (error) {
    progress.clear()
    if (plan !== undefined && leavesLive(error, signal)) sayWhatIsLeft(context, plan)
    throw error
  }
}

/** Whether a failure is one after which readers have what they had, and nothing else is left. */
function leavesLive(error: unknown, signal: AbortSignal): boolean {
  const expected = [TimedOut, ProjectionStopped, RebuildRefused]
  return error === signal.reason || expected.some((kind) => error instanceof kind)
}

function sayWhatIsLeft({ terminal }: CommandContext, { projection, live, building }: RebuildPlan): void {
  const text = `not rebuilt: readers of ${projection} go on with generation ${live}; generation ${building} is not kept`
  terminal.tell({ notRebuilt: { projection, live, givenUp: building } }, text)
}

function planText(
  { projection, live, building, source, reason, events, fedBy }: RebuildPlan,
  { inline }: Pick<ProjectionModel, 'inline'>,
  { swapTimeout, allowParked }: Options,
): string {
  return [
    `rebuild of ${projection}`,
    live === 0
      ? `  generation  ${building}, the first one; readers see it when it is built`
      : `  generation  ${live} → ${building}, built beside it; readers see ${live} until the swap`,
    ...(inline || live === 0 ? [] : fedByLines(fedBy, live, building)),
    `  source      ${source}: ${reason}`,
    `  events      ${events.toLocaleString('en')}`,
    ...(live === 0
      ? []
      : [
          `  swap        when ${building} is level with ${live} and no reader has an older snapshot; waits ${swapTimeout / 1_000} s at most`,
        ]),
    ...(inline ? [] : [`  parked      ${parkedText(allowParked)}`]),
    ...(live === 0 ? [] : [`  afterwards  ${live} is kept, older ones are dropped`]),
  ].join('\n')
}

const parkedText = (allowed: number): string =>
  allowed === 0
    ? 'no swap if an event cannot be applied; --allow-parked <n> allows some'
    : `no swap if more than ${allowed} cannot be applied; events that cannot are missing to readers then`

function fedByLines(fedBy: readonly FeedingBuild[], live: number, building: number): readonly string[] {
  if (fedBy.length > 0) return fedBy.map((build) => fedByText(build, building))
  return [`  fed by      no process now: readers see generation ${live} as it stands`]
}

function fedByText({ fingerprint, processes, stopsAtSwap }: FeedingBuild, building: number): string {
  const number = counted(processes.length, 'process', 'processes')
  const names = processes.map(printable).join(', ')
  const build = `${stopsAtSwap ? 'another build' : 'this build'} (${shortFingerprint(fingerprint)})`
  const stops = nounFor(processes.length, 'it stops', 'they stop')
  const warning = stopsAtSwap
    ? `; at the swap ${stops} feeding it: generation ${building} is of this build`
    : ''
  return `  fed by      ${number} of ${build}: ${names}${warning}`
}

function resultText({
  projection,
  generation,
  previous,
  source,
  events,
  seconds,
  dropped,
}: RebuildResult): string {
  const rate = Math.round(events / seconds).toLocaleString('en')
  const kept = previous === 0 ? '' : `, ${previous} is kept`
  const gone = dropped.length === 0 ? '' : `; dropped ${dropped.join(', ')}`
  return (
    `rebuilt ${projection}: readers see generation ${generation} now${kept}${gone}\n` +
    `${events.toLocaleString('en')} ${nounFor(events, 'event')} from the ${source} in ${seconds.toFixed(1)} s (${rate}/s)`
  )
}
