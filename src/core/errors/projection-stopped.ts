import { type StreamRef, streamName } from '../stream.js'
import { RepriseError } from './reprise-error.js'
import { subscriberHas } from './subscriber-text.js'

/** Where an event was met: its place in the log, and its place in its stream. */
export interface EventAddress {
  readonly topic: string
  readonly partition: number
  readonly offset: bigint
  readonly stream: StreamRef
  readonly version: number
  readonly eventId: string
  readonly type: string
}

/**
 * A projection has stopped, or effects have, at `address` if one event stopped it. Its rows stand where they were after the
 * event before; other projections go on. `cause` is what stopped it.
 */
export class ProjectionStopped extends RepriseError {
  readonly projection: string
  readonly address: EventAddress | undefined

  constructor(
    projection: string,
    address: EventAddress | undefined,
    cause: unknown,
    kind: 'projection' | 'effect' = 'projection',
  ) {
    super(
      'REPRISE_PROJECTION_STOPPED',
      `${subscriberHas(kind, projection)} stopped${placeOf(address)}: ${reasonOf(cause)}; correct the cause and start again`,
      { projection, ...factsOf(address) },
      { cause },
    )
    this.projection = projection
    this.address = address
  }
}

function placeOf(address: EventAddress | undefined): string {
  if (address === undefined) return ''
  const { topic, partition, offset, stream, version, eventId, type } = address
  return ` at ${topic}/${partition}@${offset.toString()}, event ${eventId} (${type}, version ${version} of ${streamName(stream)})`
}

function factsOf(address: EventAddress | undefined): Readonly<Record<string, unknown>> {
  return address === undefined ? {} : { ...address, stream: streamName(address.stream) }
}

function reasonOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause)
}
