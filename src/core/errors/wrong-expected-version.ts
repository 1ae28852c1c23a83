import { type ExpectedVersion, type StreamRef, streamName } from '../stream.js'
import { RepriseError } from './reprise-error.js'

/**
 * A stream is not at the version that was expected, and nothing was stored. Retriable, unless no stream was expected: one
 * that exists stays, so use another id. `actual` is 0 for a stream that does not exist.
 */
export class WrongExpectedVersion extends RepriseError {
  readonly stream: StreamRef
  readonly expected: ExpectedVersion
  readonly actual: number

  constructor(stream: StreamRef, expected: ExpectedVersion, actual: number) {
    const name = streamName(stream)
    const found = actual === 0 ? 'does not exist' : `is at version ${actual}`
    const isNew = expected === 'noStream' || expected === 0
    super(
      'REPRISE_WRONG_EXPECTED_VERSION',
      isNew
        ? `stream ${name} exists already, at version ${actual}: use another id`
        : `stream ${name} ${found}, but ${expected} was expected: load it again and decide anew`,
      { stream: name, expected, actual },
      { retriable: !isNew },
    )
    this.stream = stream
    this.expected = expected
    this.actual = actual
  }
}
