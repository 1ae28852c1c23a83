import { type StreamRef, streamName } from '../stream.js'
import { RepriseError } from './reprise-error.js'

/** A command needs an aggregate that has no events yet, and its handler does not create it. */
export class AggregateNotFound extends RepriseError {
  readonly stream: StreamRef

  constructor(stream: StreamRef) {
    const name = streamName(stream)
    super(
      'REPRISE_AGGREGATE_NOT_FOUND',
      `${name} does not exist: create it first, or let the handler say expect: 'noStream' or 'any'`,
      { stream: name },
    )
    this.stream = stream
  }
}
