import type { AppModel } from '../../app/app-model.js'
import type { Installation } from '../../app/installation.js'
import { projectionParts } from '../../app/projection-parts.js'
import { ProjectionStopped, TimedOut } from '../../core/errors/index.js'
import type { ProjectionModel } from '../../projections/index.js'
import {
  planRebuild,
  rebuild,
  type RebuildPlan,
  type RebuildResult,
  type RebuildSource,
} from '../../projections/rebuild.js'
import { CliError } from '../cli-error.js'
import type { CommandContext } from '../command-context.js'
import { confirm } from '../confirmation.js'
import { didYouMean } from '../did-you-mean.js'
import { LoadedApp } from '../loaded-app.js'
import { ProgressLine } from '../progress-line.js'

export interface RebuildCommandOptions {
  readonly from?: RebuildSource
  /** Milliseconds. */
  readonly swapTimeout?: number
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
  const projection = projectionCalled(name, app.model)
  const swapTimeout = options.swapTimeout ?? context.options.timeout ?? DEFAULT_SWAP_TIMEOUT
  const run = options.dryRun === true ? showPlan : showAndRun
  await app.withInstallation((installation) =>
    run(context, installation, projection, { ...options, swapTimeout }),
  )
}

function projectionCalled(name: string, { name: app, projections }: AppModel): ProjectionModel {
  const found = projections.find((it) => it.name === name)
  if (found !== undefined) return found
  const names = projections.map((it) => it.name)
  const [meant] = didYouMean(name, names)
  const hint = meant === undefined ? `it has ${names.join(', ') || 'none'}` : `did you mean ${meant}?`
  throw new CliError('USAGE', `${app} has no projection ${JSON.stringify(name)}: ${hint}`)
}

type Options = RebuildCommandOptions & { readonly swapTimeout: number }

async function showPlan(
  { terminal }: CommandContext,
  installation: Installation,
  projection: ProjectionModel,
  { from, swapTimeout }: Options,
): Promise<void> {
  const plan = await planRebuild(projectionParts(installation, projection), from)
  terminal.answer({ dryRun: true, plan }, () => planText(plan, swapTimeout))
}

async function showAndRun(
  context: CommandContext,
  installation: Installation,
  projection: ProjectionModel,
  { from, swapTimeout }: Options,
): Promise<void> {
  const { terminal, signal } = context
  const progress = new ProgressLine(terminal)
  let plan: RebuildPlan | undefined
  try {
    const result = await rebuild(projectionParts(installation, projection), {
      ...(from === undefined ? {} : { from }),
      swapTimeout,
      signal,
      onPlan: async (it) => {
        terminal.tell({ plan: it }, planText(it, swapTimeout))
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
  return error instanceof TimedOut || error instanceof ProjectionStopped || error === signal.reason
}

function sayWhatIsLeft({ terminal }: CommandContext, { projection, live, building }: RebuildPlan): void {
  const text = `not rebuilt: readers of ${projection} go on with generation ${live}; generation ${building} is not kept`
  terminal.tell({ notRebuilt: { projection, live, givenUp: building } }, text)
}

function planText(
  { projection, live, building, source, reason, events }: RebuildPlan,
  swapTimeout: number,
): string {
  return [
    `rebuild of ${projection}`,
    `  generation  ${live} → ${building}, built beside it; readers see ${live} until the swap`,
    `  source      ${source}: ${reason}`,
    `  events      ${events.toLocaleString('en')}`,
    `  swap        when ${building} is level with ${live} and no reader has an older snapshot; waits ${swapTimeout / 1_000} s at most`,
    `  afterwards  ${live} is kept, older ones are dropped`,
  ].join('\n')
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
  const gone = dropped.length === 0 ? '' : `; dropped ${dropped.join(', ')}`
  return (
    `rebuilt ${projection}: readers see generation ${generation} now, ${previous} is kept${gone}\n` +
    `${events.toLocaleString('en')} events from the ${source} in ${seconds.toFixed(1)} s (${rate}/s)`
  )
}
