import { projectionParts } from '../../app/projection-parts.js'
import { projectionStatus, type ProjectionStatus } from '../../projections/projection-status.js'
import type { CommandContext } from '../command-context.js'
import { LoadedApp } from '../loaded-app.js'
import { table } from '../table.js'

const HEADINGS = [
  'NAME',
  'KIND',
  'VERSION',
  'GENERATION',
  'BUILDING',
  'STATE',
  'NEXT',
  'END',
  'LAG',
  'ERROR',
] as const

/** Shows where every projection stands, whether or not the app runs. Changes nothing. */
export async function listProjections(context: CommandContext): Promise<void> {
  const app = await LoadedApp.load(context)
  await app.withInstallation(async (installation) => {
    const projections: ProjectionStatus[] = []
    for (const model of app.model.projections) {
      projections.push(await projectionStatus(projectionParts(installation, model)))
    }
    const { terminal, options } = context
    const { databases, log } = installation
    terminal.answer({ database: databases.address, log: log.identity, projections }, () =>
      table(HEADINGS, projections.map(rowOf), options),
    )
  })
}

function rowOf(status: ProjectionStatus): readonly string[] {
  const { name, kind, version, generation, building, state, lanes, lag, failure } = status
  return [
    name,
    kind,
    String(version),
    String(generation ?? '-'),
    String(building ?? '-'),
    state,
    sum(lanes.map(({ next }) => next)),
    sum(lanes.map(({ end }) => end)),
    lag.toString(),
    failure ?? '-',
  ]
}

function sum(numbers: readonly bigint[]): string {
  return numbers.reduce((total, number) => total + number, 0n).toString()
}
