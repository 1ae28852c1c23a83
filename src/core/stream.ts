import { isStorableText } from './text.js'

/** The events of one aggregate instance: `type` is the aggregate's name, `id` the instance's. */
export interface StreamRef {
  readonly type: string
  readonly id: string
}

/** The version at which an append expects its stream. `0` and `'noStream'` say the same. */
export type ExpectedVersion = number | 'noStream' | 'streamExists' | 'any'

const maximumIdBytes = 512

/** The stream's name for people, `account-576`. */
export function streamName({ type, id }: StreamRef): string {
  return `${type}-${id}`
}

/** Whether a stream that is at `actual` (0 if it does not exist) meets the expectation. */
export function expectationHolds(expected: ExpectedVersion, actual: number): boolean {
  switch (expected) {
    case 'any':
      return true
    case 'noStream':
      return actual === 0
    case 'streamExists':
      return actual > 0
    default:
      return actual === expected
  }
}

/** Why `id` cannot name a stream, or undefined if it can. */
export function streamIdProblem(id: string): string | undefined {
  if (id === '') return 'must not be empty'
  if (!isStorableText(id)) return 'must hold neither U+0000 nor a lone surrogate'
  if (isTooLong(id)) return `must not be longer than ${maximumIdBytes} bytes`
  return undefined
}

function isTooLong(id: string): boolean {
  // No UTF-16 unit takes more than three bytes, so an ordinary id is known as short without encoding it.
  return id.length * 3 > maximumIdBytes && new TextEncoder().encode(id).length > maximumIdBytes
}
