import type { AggregateModel } from '../../aggregates/index.js'
import {
  type HistoryPoint,
  historyOf,
  historyUpTo,
  type InstantKind,
  stateAt,
} from '../../aggregates/time-travel.js'
import { compose } from '../../app/composition.js'
import { TOKENS } from '../../app/tokens.js'
import { counted } from '../../core/counted.js'
import type { Envelope } from '../../core/envelope.js'
import { type EventInstance, eventToJson } from '../../core/event.js'
import { type JsonValue, writeRecord } from '../../core/fields/index.js'
import type { EventStore } from '../../core/ports/event-store.js'
import { aggregateCalled } from '../aggregate-called.js'
import { CliError } from '../cli-error.js'
import type { CommandContext } from '../command-context.js'
import { LoadedApp } from '../loaded-app.js'
import { table } from '../table.js'

export interface ShowEventsOptions {
  readonly state?: boolean
  readonly atVersion?: number
  readonly at?: Date
  /** @defaultValue 'recordedAt' */
  readonly by?: InstantKind
}

/**
 * Shows the history of one aggregate up to a point of it, and with `state` what came of it. Of an aggregate that declares
 * no state the history is shown all the same, before the error.
 *
 * @throws {@link CliError} (`USAGE`) for a version beyond the end, and for the state of an aggregate that declares none
 */
export async function showEvents(
  context: CommandContext,
  aggregate: string,
  id: string,
  options: ShowEventsOptions,
): Promise<void> {
  const point = pointOf(options)
  const app = await LoadedApp.load(context)
  const model = aggregateCalled(aggregate, app.model.aggregates, app.model.name)
  await app.withInstallation(async (installation) => {
    const store = compose(installation).get(TOKENS.eventStore)
    const history = await historyOf(store, model, id)
    refuseBeyond(options.atVersion, `${model.name}-${id}`, history.length)
    const events = point === undefined ? history : historyUpTo(point, history)
    const showsState = options.state === true && model.state !== undefined
    const state = showsState ? await stateIn(store, model, id, point) : undefined
    const document = {
      stream: `${model.name}-${id}`,
      at: point === undefined ? null : describePoint(point),
      events: events.map(documentOf),
      ...(showsState ? { state: state ?? null } : {}),
    }
    context.terminal.answer(document, () => {
      const parts = [
        headline(document.stream, events.length, history.length, point),
        tableOf(events, context),
      ]
      if (showsState) parts.push(stateText(state, point))
      return parts.join('\n\n')
    })
    if (options.state === true && !showsState) throw stateless(model)
  })
}

function refuseBeyond(version: number | undefined, stream: string, end: number): void {
  if (version === undefined || version <= end) return
  throw new CliError('USAGE', `--at-version ${version} is beyond the end: ${stream} is at version ${end}`)
}

function stateless({ name }: AggregateModel): CliError {
  return new CliError(
    'USAGE',
    `aggregate ${name} declares no state that --state could show: add state: { version: 1, fields: { … } } to its ` +
      `definition, and the methods state() and restore()`,
  )
}

function pointOf({ atVersion, at, by }: ShowEventsOptions): HistoryPoint | undefined {
  if (atVersion !== undefined && at !== undefined)
    throw new CliError('USAGE', 'give --at-version or --at, not both')
  if (by !== undefined && at === undefined) throw new CliError('USAGE', '--by goes with --at')
  if (atVersion !== undefined) return { version: atVersion }
  return at === undefined ? undefined : { at, by: by ?? 'recordedAt' }
}

interface ShownState {
  readonly version: number
  readonly occurredAt: Date
  readonly recordedAt: Date
  readonly leftOut: number
  /** All declared fields; null for one that is absent. */
  readonly values: Readonly<Record<string, JsonValue>>
}

async function stateIn(
  store: EventStore,
  model: AggregateModel,
  id: string,
  point: HistoryPoint | undefined,
): Promise<ShownState | undefined> {
  const found = await stateAt(store, model, id, point)
  if (found === undefined) return undefined
  const { state, ...rest } = found
  const fields = model.state?.fields ?? {}
  const written = writeRecord(fields, state)
  const values = Object.fromEntries(Object.keys(fields).map((name) => [name, written[name] ?? null]))
  return { ...rest, values }
}

function documentOf({ event, ...envelope }: Envelope<EventInstance>) {
  const { version, type, eventId, occurredAt, recordedAt, metadata } = envelope
  return {
    version,
    type,
    eventId,
    occurredAt,
    recordedAt,
    metadata,
    payload: eventToJson(event),
  }
}

function tableOf(events: readonly Envelope<EventInstance>[], { options }: CommandContext): string {
  const rows = events.map(({ version, type, occurredAt, recordedAt, metadata, event }) => [
    String(version),
    type,
    occurredAt.toISOString(),
    recordedAt.toISOString(),
    metadata.actor ?? '-',
    JSON.stringify(eventToJson(event)),
  ])
  return table(['VERSION', 'TYPE', 'OCCURRED', 'RECORDED', 'ACTOR', 'PAYLOAD'], rows, options)
}

function headline(stream: string, shown: number, all: number, point: HistoryPoint | undefined): string {
  const at = point === undefined ? '' : `, ${describePoint(point)}`
  return `${stream}: ${shown} of ${counted(all, 'event')}${at}`
}

function describePoint(point: HistoryPoint): string {
  if ('version' in point) return `up to version ${point.version}`
  const instant = point.at.toISOString()
  return point.by === 'occurredAt'
    ? `what had occurred by ${instant} (occurredAt)`
    : `what the store knew at ${instant} (recordedAt)`
}

function stateText(state: ShownState | undefined, point: HistoryPoint | undefined): string {
  if (state === undefined)
    return `state: it did not exist yet, by ${point === undefined ? 'now' : describePoint(point)}`
  const { values, version, leftOut } = state
  const width = Math.max(...Object.keys(values).map(({ length }) => length))
  const lines = Object.entries(values).map(
    ([name, value]) => `  ${name.padEnd(width)}  ${value === null ? '-' : JSON.stringify(value)}`,
  )
  const gap = leftOut === 0 ? '' : `, ${counted(leftOut, 'earlier event')} left out that occurred later`
  return [`state after version ${version}${gap}`, ...lines].join('\n')
}
