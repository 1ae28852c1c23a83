import type { EventFact, ProjectionFact } from '../facts.js'
import { type Evidence, streamOf } from './evidence.js'
import { placeOf } from './records.js'

const time = (at: number): string => new Date(at).toISOString().slice(11, 23)

/** The whole way of an event: who asked for it, where it is stored, where it was published, and what readers made of it. */
export function pathOf(evidence: Evidence, event: EventFact): readonly string[] {
  const stream = streamOf(event)
  return [
    ...commandSteps(evidence, event.metadata.commandId),
    `event ${event.eventId} ${event.type}: ${stream} version ${event.version}, position ${event.position}, ` +
      `recorded ${time(event.recordedAt)}, payload ${shortened(event.payload)}`,
    ...recordSteps(evidence, event),
    ...evidence.liveProjections.map((projection) => readingStep(projection, event, stream)),
  ]
}

/** What became of each call that carried the command. */
export function commandSteps({ callsByCommand }: Evidence, commandId: string): readonly string[] {
  const calls = callsByCommand.get(commandId) ?? []
  if (calls.length === 0) return [`command ${commandId}: in nobody's history`]
  return calls.map(({ invoke, outcome }) => {
    const asked = `command ${commandId} (${invoke.operation}, attempt ${invoke.attempt}): ${invoke.process}#${invoke.life} asked ${time(invoke.at)}`
    if (outcome === undefined) return `${asked}, and its process ended before the answer`
    const reason = outcome.error === undefined ? '' : ` (${outcome.error.name}: ${outcome.error.message})`
    const receipts = outcome.streams?.map(({ stream, version }) => `${stream} at ${version}`).join(', ')
    return `${asked}, answered ${outcome.phase}${reason} ${time(outcome.at)}${receipts === undefined ? '' : `: ${receipts}`}`
  })
}

function recordSteps({ copies }: Evidence, event: EventFact): readonly string[] {
  const places = copies.get(event.eventId) ?? []
  return places.length === 0 ? ['in no topic'] : places.map((record) => `published at ${placeOf(record)}`)
}

function readingStep(projection: ProjectionFact, event: EventFact, stream: string): string {
  const guard = projection.guards.find((it) => it.stream === stream)?.version
  const letters = projection.letters.filter(({ eventId }) => eventId === event.eventId)
  const lines = (projection.tables['statement_lines'] ?? []).filter(
    (row) => row['event_id'] === event.eventId,
  )
  const said = [
    projection.follows === 'stream' ? `guard at ${guard ?? 'nothing'}` : `follows ${projection.follows}`,
    ...letters.map(({ id, errorClass, attempts }) => `letter ${id} (${errorClass}, ${attempts} attempts)`),
    ...lines.map((row) => `line ${String(row['applied'])}`),
    ...(projection.discards.includes(event.eventId) ? ['discarded'] : []),
  ]
  return `${projection.name} g${projection.generation}: ${said.join(', ')}`
}

const shortened = (text: string): string =>
  text.length > 160 ? `${text.slice(0, 160)}… (${text.length} characters)` : text
