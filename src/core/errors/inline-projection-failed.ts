import type { Envelope } from '../envelope.js'
import { streamName } from '../stream.js'
import { RepriseError } from './reprise-error.js'

/**
 * An inline projection could not apply an event of the append that it is written in, so that nothing was stored. `cause`
 * is what its handler threw. The same command fails again until the handler is corrected.
 */
export class InlineProjectionFailed extends RepriseError {
  readonly projection: string

  /** `envelope` is undefined where no single event was the reason. */
  constructor(projection: string, envelope: Envelope | undefined, cause: unknown) {
    const event = envelope === undefined ? 'the events' : `${envelope.type} of ${streamName(envelope.stream)}`
    const reason = cause instanceof Error ? cause.message : String(cause)
    super(
      'REPRISE_INLINE_PROJECTION_FAILED',
      `inline projection ${projection} could not apply ${event}: ${reason}; nothing was stored, correct its handler`,
      { projection, ...factsOf(envelope) },
      { cause },
    )
    this.projection = projection
  }
}

function factsOf(envelope: Envelope | undefined): Readonly<Record<string, unknown>> {
  if (envelope === undefined) return {}
  const { stream, version, type } = envelope
  return { stream: streamName(stream), version, type }
}
