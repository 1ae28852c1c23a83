import type { PositionedEvent } from '../../app/app.js'
import { compose } from '../../app/composition.js'
import { TOKENS } from '../../app/tokens.js'
import { type EventInstance, eventToJson, type EventType } from '../../core/event.js'
import { streamName } from '../../core/stream.js'
import { aggregateCalled } from '../aggregate-called.js'
import { CliError } from '../cli-error.js'
import type { CommandContext } from '../command-context.js'
import { didYouMean } from '../did-you-mean.js'
import { LoadedApp } from '../loaded-app.js'

export interface TailEventsOptions {
  readonly aggregate?: readonly string[]
  readonly type?: readonly string[]
  /** The position to begin after. @defaultValue the end of the store; without `follow` its beginning */
  readonly since?: bigint
  readonly follow: boolean
}

/** Prints events as they are stored, one line each, until it is interrupted; without `follow` up to the end of now. */
export async function tailEvents(context: CommandContext, options: TailEventsOptions): Promise<void> {
  const { terminal, signal } = context
  const app = await LoadedApp.load(context)
  const { aggregates, name } = app.model
  const chosen = options.aggregate?.map((it) => aggregateCalled(it, aggregates, name)) ?? aggregates
  const types = options.type?.map((it) => eventCalled(it, chosen))
  await app.withInstallation(async (installation) => {
    const stored = compose(installation).get(TOKENS.storedHistory)
    const events = stored.events({
      after: options.since ?? (options.follow ? await installation.history.head() : 0n),
      aggregates: chosen.map((it) => it.aggregateClass),
      ...(types === undefined ? {} : { types }),
      follow: options.follow,
      signal,
    })
    try {
      for await (const event of events) terminal.answerNext(documentOf(event), () => lineOf(event))
    } finally {
      stored.close()
    }
  })
}

function eventCalled(
  type: string,
  aggregates: readonly { readonly events: ReadonlyMap<string, EventType> }[],
): EventType {
  const events = new Map(aggregates.flatMap((it) => [...it.events]))
  const found = events.get(type)
  if (found !== undefined) return found
  const [meant] = didYouMean(type, [...events.keys()])
  const hint = meant === undefined ? `there are ${[...events.keys()].join(', ')}` : `did you mean ${meant}?`
  throw new CliError('USAGE', `no aggregate that is read emits ${JSON.stringify(type)}: ${hint}`)
}

function documentOf({ event, metadata, stream, ...envelope }: PositionedEvent<EventInstance>) {
  return {
    ...envelope,
    stream: streamName(stream),
    metadata,
    payload: eventToJson(event),
  }
}

function lineOf({
  position,
  recordedAt,
  stream,
  version,
  type,
  event,
}: PositionedEvent<EventInstance>): string {
  const place = `${position.toString()}  ${recordedAt.toISOString()}  ${streamName(stream)}@${version}`
  return `${place}  ${type} ${JSON.stringify(eventToJson(event))}`.replaceAll(/\p{Cc}+/gu, ' ')
}
