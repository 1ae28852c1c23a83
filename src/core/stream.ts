import { keyProblem } from './text.js'

/** The events of one aggregate instance: `type` is the aggregate's name, `id` the instance's. */
export interface StreamRef {
  readonly type: string
  readonly id: string
}

/** The version at which an append expects its stream. `0` and `'noStream'` say the same. */
export type ExpectedVersion = number | 'noStream' | 'streamExists' | 'any'

/**
 * The stream's name for people, as it is in receipts, errors and logs.
 *
 * @example
 * streamName({ type: 'account', id: '576' }) // 'account-576'
 */
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
export const streamIdProblem: (id: string) => string | undefined = keyProblem
