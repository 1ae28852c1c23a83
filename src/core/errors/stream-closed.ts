import { type StreamRef, streamName } from '../stream.js'
import { RepriseError } from './reprise-error.js'

/** A command is for a stream that was closed: it takes no more events, and nothing was stored. Use a new id. */
export class StreamClosed extends RepriseError {
  readonly stream: StreamRef

  constructor(stream: StreamRef) {
    const name = streamName(stream)
    super('REPRISE_STREAM_CLOSED', `stream ${name} is closed: it takes no more events; use a new id`, {
      stream: name,
    })
    this.stream = stream
  }
}
