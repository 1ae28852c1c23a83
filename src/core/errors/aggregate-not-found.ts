import { type StreamRef, streamName } from '../stream.js'
import { RepriseError } from './reprise-error.js'

/**
 * A command needs an aggregate that has no events yet, and its handler does not create it: create it first, or let the
 * handler say `expect: 'noStream'` or `'any'`. Or its history was asked for, and there is none: look at the id.
 */
export class AggregateNotFound extends RepriseError {
  readonly stream: StreamRef

  constructor(stream: StreamRef, neededBy: 'handler' | 'reader' = 'handler') {
    const name = streamName(stream)
    super(
      'REPRISE_AGGREGATE_NOT_FOUND',
      neededBy === 'handler'
        ? `${name} does not exist: create it first, or let the handler say expect: 'noStream' or 'any'`
        : `there is no ${name}: nothing was ever stored under this id`,
      { stream: name },
    )
    this.stream = stream
  }
}
