import { type ExpectedVersion, type StreamRef, streamName } from '../stream.js'
import { RepriseError } from './reprise-error.js'

/**
 * A stream is not at the version that was expected, and nothing was stored. Retriable, unless no stream was expected: one
 * that exists stays. `actual` is 0 for a stream that does not exist.
 */
export class WrongExpectedVersion extends RepriseError {
  readonly stream: StreamRef
  readonly expected: ExpectedVersion
  readonly actual: number

  constructor(stream: StreamRef, expected: ExpectedVersion, actual: number) {
    const name = streamName(stream)
    const found = actual === 0 ? 'does not exist' : `is at version ${actual}`
    super(
      'REPRISE_WRONG_EXPECTED_VERSION',
      `stream ${name} ${found}, but ${expected} was expected: load it again and decide anew`,
      { stream: name, expected, actual },
      { retriable: expected !== 'noStream' },
    )
    this.stream = stream
    this.expected = expected
    this.actual = actual
  }
}
